//! Rectangles.

use crate::model::Rectangle;

/// The smallest rectangle around two.
pub(crate) fn union(a: Rectangle, b: Rectangle) -> Rectangle {
    Rectangle {
        left: a.left.min(b.left),
        top: a.top.min(b.top),
        right: a.right.max(b.right),
        bottom: a.bottom.max(b.bottom),
    }
}

/// Area; 0 for an empty rectangle.
pub(crate) fn size(a: Rectangle) -> f32 {
    (a.right - a.left).max(0.0) * (a.bottom - a.top).max(0.0)
}

/// Area of what two have in common.
pub(crate) fn common(a: Rectangle, b: Rectangle) -> f32 {
    size(Rectangle {
        left: a.left.max(b.left),
        top: a.top.max(b.top),
        right: a.right.min(b.right),
        bottom: a.bottom.min(b.bottom),
    })
}

/// Which share of the smaller one lies in the other.
pub(crate) fn overlap(a: Rectangle, b: Rectangle) -> f32 {
    let smaller = size(a).min(size(b));
    if smaller > 0.0 { common(a, b) / smaller } else { 0.0 }
}

/// The middle.
pub(crate) fn centre(a: Rectangle) -> (f32, f32) {
    ((a.left + a.right) / 2.0, (a.top + a.bottom) / 2.0)
}

/// Every coordinate times a factor.
pub(crate) fn scaled(a: Rectangle, factor: f32) -> Rectangle {
    Rectangle {
        left: a.left * factor,
        top: a.top * factor,
        right: a.right * factor,
        bottom: a.bottom * factor,
    }
}
