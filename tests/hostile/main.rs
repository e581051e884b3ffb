//! Guests that misbehave, run in the real sandbox: each behaviour of `hostile-guests` has the test of the same name.
//!
//! The list of behaviours is in that crate and nowhere else. The references below are made from it, so a behaviour
//! without a test does not compile. The list of what has to be tried at all, whether by a guest that is built, by one
//! written out in a few instructions or beside the code, stands in `items`, and every name in it has to be that of a test
//! that runs.
//!
//! | what | module |
//! |---|---|
//! | one guest in a tenant | `world` |
//! | servers that answer wrongly | `server` |
//! | guests written out in a few instructions | `written` |
//! | tests of behaviours, by what is attacked | `policy`, `http`, `conduct`, `isolation` |
//! | tests of written guests and of files that are none | `text` |
//! | each limit, met and raised | `limits` |
//! | what has to be tried | `items` |

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper that finds something else than it looks for fails the test"
)]

mod conduct;
mod http;
mod isolation;
mod items;
mod limits;
mod policy;
mod server;
mod text;
mod world;
mod written;

/// Refers to the test of each behaviour, so that one that is missing does not compile.
macro_rules! are_tested {
    ($($group:ident { $($name:ident,)* })*) => {
        const TESTS: &[(&str, fn())] = &[
            $($((concat!(stringify!($group), "::", stringify!($name)), $group::$name),)*)*
        ];
    };
}
hostile_guests::for_each_behaviour!(are_tested);
