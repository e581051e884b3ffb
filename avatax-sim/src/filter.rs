//! The `$filter` language: reading it and applying it.
//!
//! A filter is read into a small tree once per request and then applied to each row. Rows answer for their fields
//! through [`Record`], so nothing is turned into JSON for the rows that do not match. Field names are checked while
//! reading, against the [`Schema`] of the list: unknown names and names that AvaTax refuses to filter by are errors,
//! not silent non-matches. Text between quotes is taken as it is, a doubled quote stands for one. Depth and length are
//! bounded because the text comes from outside.

use std::{borrow::Cow, cmp::Ordering};

use jiff::civil::DateTime;

use crate::error::{
    ApiError, ApiResult, INVALID_EXEMPTION_OPERATION, INVALID_QUERY_FIELD, INVALID_QUERY_VALUE,
};

const MAX_LENGTH: usize = 16_384;
const MAX_DEPTH: usize = 24;

/// The value of one field of one row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Scalar<'a> {
    Null,
    Bool(bool),
    Number(f64),
    Text(Cow<'a, str>),
    Date(DateTime),
}

impl<'a> Scalar<'a> {
    pub(crate) fn text(value: Option<&'a str>) -> Self {
        value.map_or(Self::Null, |text| Self::Text(Cow::Borrowed(text)))
    }

    /// Order for `$orderBy`; values of different kinds are never compared within one field, except null, which is least.
    pub(crate) fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Null, Self::Null) => Ordering::Equal,
            (Self::Null, _) => Ordering::Less,
            (_, Self::Null) => Ordering::Greater,
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Number(a), Self::Number(b)) => a.total_cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Date(a), Self::Date(b)) => a.cmp(b),
            _ => Ordering::Equal,
        }
    }
}

/// A row that can be filtered and sorted.
pub(crate) trait Record {
    /// The value of a field of the row's schema.
    fn field(&self, name: &str) -> Scalar<'_>;
}

/// What a list can be filtered and sorted by.
#[derive(Debug)]
pub(crate) struct Schema {
    /// Operation shown in refusals.
    pub(crate) list: &'static str,
    /// Fields that can be used.
    pub(crate) fields: &'static [&'static str],
    /// Fields that exist and cannot be used.
    pub(crate) refused: &'static [&'static str],
}

impl Schema {
    /// The field that a name means, in any case.
    pub(crate) fn resolve(&self, name: &str) -> ApiResult<&'static str> {
        if let Some(field) = self.fields.iter().find(|field| field.eq_ignore_ascii_case(name)) {
            return Ok(field);
        }
        if self.refused.iter().any(|field| field.eq_ignore_ascii_case(name)) {
            return Err(ApiError::bad(
                INVALID_EXEMPTION_OPERATION,
                "This list cannot be filtered like that.",
                format!("{} does not filter by '{name}'.", self.list),
            ));
        }
        Err(ApiError::bad(
            INVALID_QUERY_FIELD,
            "The query names a field that does not exist.",
            format!("{} has no field '{name}'.", self.list),
        ))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Test {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
    Contains,
    StartsWith,
    EndsWith,
}

/// A filter that was read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Filter {
    Or(Box<Self>, Box<Self>),
    And(Box<Self>, Box<Self>),
    #[expect(private_interfaces, reason = "the operators are nobody else's business")]
    Compare(&'static str, Test, String),
    In(&'static str, Vec<String>),
    Between(&'static str, String, String),
    Null(&'static str, bool),
}

impl Filter {
    /// Reads a filter.
    pub(crate) fn parse(text: &str, schema: &Schema) -> ApiResult<Self> {
        if text.len() > MAX_LENGTH {
            return Err(invalid(format!("the filter has more than {MAX_LENGTH} bytes")));
        }
        let tokens = tokenize(text)?;
        let mut parser = Parser { tokens: tokens.into_iter().peekable(), schema };
        let filter = parser.any(0)?;
        match parser.tokens.next() {
            None => Ok(filter),
            Some(token) => Err(invalid(format!("{} is not expected there", token.shown()))),
        }
    }

    /// Whether a row matches.
    pub(crate) fn matches(&self, row: &dyn Record) -> ApiResult<bool> {
        Ok(match self {
            Self::Or(a, b) => a.matches(row)? || b.matches(row)?,
            Self::And(a, b) => a.matches(row)? && b.matches(row)?,
            Self::Compare(field, test, literal) => compare(field, &row.field(field), *test, literal)?,
            Self::In(field, literals) => {
                let value = row.field(field);
                for literal in literals {
                    if compare(field, &value, Test::Eq, literal)? {
                        return Ok(true);
                    }
                }
                false
            }
            // The upper end does not belong to the range.
            Self::Between(field, low, high) => {
                let value = row.field(field);
                compare(field, &value, Test::Ge, low)? && compare(field, &value, Test::Lt, high)?
            }
            Self::Null(field, wanted) => (row.field(field) == Scalar::Null) == *wanted,
        })
    }

    /// The only values of a field that can match, if the filter says so. Lets a list use its index.
    pub(crate) fn only(&self, name: &str) -> Option<Vec<&str>> {
        match self {
            Self::Compare(field, Test::Eq, literal) if *field == name => Some(vec![literal]),
            Self::In(field, literals) if *field == name => {
                Some(literals.iter().map(String::as_str).collect())
            }
            Self::And(a, b) => a.only(name).or_else(|| b.only(name)),
            _ => None,
        }
    }
}

/// Reads a date or a date with a time, in the forms clients use. A zone designator is dropped: times are UTC.
pub(crate) fn parse_date(text: &str) -> Option<DateTime> {
    let text = text.trim().trim_end_matches(['Z', 'z']);
    let text = text.split_once('+').map_or(text, |(front, _)| front);
    text.parse::<DateTime>().ok()
}

fn invalid(reason: String) -> ApiError {
    ApiError::bad(INVALID_QUERY_VALUE, "The query cannot be understood.", format!("In $filter: {reason}."))
}

fn compare(field: &str, value: &Scalar<'_>, test: Test, literal: &str) -> ApiResult<bool> {
    let unreadable =
        |kind: &str| invalid(format!("'{literal}' is no {kind}, which {field} is compared with"));
    let order = match value {
        Scalar::Null => return Ok(test == Test::Ne),
        Scalar::Text(text) => match test {
            Test::Contains => return Ok(text.contains(literal)),
            Test::StartsWith => return Ok(text.starts_with(literal)),
            Test::EndsWith => return Ok(text.ends_with(literal)),
            _ => text.as_ref().cmp(literal),
        },
        _ if matches!(test, Test::Contains | Test::StartsWith | Test::EndsWith) => {
            return Err(invalid(format!("{field} is no text")));
        }
        Scalar::Number(number) => {
            number.total_cmp(&literal.parse::<f64>().map_err(|_ignored| unreadable("number"))?)
        }
        Scalar::Bool(flag) => {
            let wanted = literal
                .to_ascii_lowercase()
                .parse::<bool>()
                .map_err(|_ignored| unreadable("true or false"))?;
            flag.cmp(&wanted)
        }
        Scalar::Date(date) => date.cmp(&parse_date(literal).ok_or_else(|| unreadable("date"))?),
    };
    Ok(match test {
        Test::Eq => order.is_eq(),
        Test::Ne => order.is_ne(),
        Test::Gt => order.is_gt(),
        Test::Ge => order.is_ge(),
        Test::Lt => order.is_lt(),
        Test::Le => order.is_le(),
        Test::Contains | Test::StartsWith | Test::EndsWith => false,
    })
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Open,
    Close,
    Comma,
    Word(String),
    Quoted(String),
}

impl Token {
    fn shown(&self) -> String {
        match self {
            Self::Open => "(".to_owned(),
            Self::Close => ")".to_owned(),
            Self::Comma => ",".to_owned(),
            Self::Word(text) | Self::Quoted(text) => format!("'{text}'"),
        }
    }
}

fn tokenize(text: &str) -> ApiResult<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(next) = chars.next() {
        match next {
            '(' => tokens.push(Token::Open),
            ')' => tokens.push(Token::Close),
            ',' => tokens.push(Token::Comma),
            '\'' => {
                let mut value = String::new();
                loop {
                    match chars.next() {
                        None => return Err(invalid("a quote is not closed".to_owned())),
                        Some('\'') if chars.next_if_eq(&'\'').is_none() => break,
                        Some(other) => value.push(other),
                    }
                }
                tokens.push(Token::Quoted(value));
            }
            space if space.is_whitespace() => {}
            first => {
                let mut value = String::from(first);
                while let Some(more) = chars.next_if(|c| !c.is_whitespace() && !"(),'".contains(*c)) {
                    value.push(more);
                }
                tokens.push(Token::Word(value));
            }
        }
    }
    Ok(tokens)
}

struct Parser<'a> {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
    schema: &'a Schema,
}

impl Parser<'_> {
    fn keyword(&mut self, word: &str) -> bool {
        self.tokens
            .next_if(|token| matches!(token, Token::Word(text) if text.eq_ignore_ascii_case(word)))
            .is_some()
    }

    fn expect(&mut self, wanted: &Token) -> ApiResult<()> {
        match self.tokens.next_if_eq(wanted) {
            Some(_) => Ok(()),
            None => Err(invalid(format!("{} is missing", wanted.shown()))),
        }
    }

    fn word(&mut self, what: &str) -> ApiResult<String> {
        match self.tokens.next() {
            Some(Token::Word(text)) => Ok(text),
            _ => Err(invalid(format!("{what} is missing"))),
        }
    }

    fn literal(&mut self) -> ApiResult<String> {
        match self.tokens.next() {
            Some(Token::Word(text) | Token::Quoted(text)) => Ok(text),
            _ => Err(invalid("a value is missing".to_owned())),
        }
    }

    fn any(&mut self, depth: usize) -> ApiResult<Filter> {
        let mut left = self.all(depth)?;
        while self.keyword("or") {
            left = Filter::Or(Box::new(left), Box::new(self.all(depth)?));
        }
        Ok(left)
    }

    fn all(&mut self, depth: usize) -> ApiResult<Filter> {
        let mut left = self.one(depth)?;
        while self.keyword("and") {
            left = Filter::And(Box::new(left), Box::new(self.one(depth)?));
        }
        Ok(left)
    }

    fn one(&mut self, depth: usize) -> ApiResult<Filter> {
        if depth > MAX_DEPTH {
            return Err(invalid("the parentheses go too deep".to_owned()));
        }
        if self.tokens.next_if_eq(&Token::Open).is_some() {
            let inner = self.any(depth + 1)?;
            self.expect(&Token::Close)?;
            return Ok(inner);
        }
        let name = self.word("a field name")?;
        let field = self.schema.resolve(&name)?;
        let operator = self.word("an operator")?.to_ascii_lowercase();
        let test = match operator.as_str() {
            "eq" => Test::Eq,
            "ne" => Test::Ne,
            "gt" => Test::Gt,
            "ge" | "gte" => Test::Ge,
            "lt" => Test::Lt,
            "le" | "lte" => Test::Le,
            "contains" => Test::Contains,
            "startswith" => Test::StartsWith,
            "endswith" => Test::EndsWith,
            "in" => return self.list(field),
            "between" => {
                let low = self.literal()?;
                if !self.keyword("and") {
                    return Err(invalid("between needs two values joined by and".to_owned()));
                }
                return Ok(Filter::Between(field, low, self.literal()?));
            }
            "is" => {
                let wanted = !self.keyword("not");
                if !self.keyword("null") {
                    return Err(invalid("is can only be followed by null or not null".to_owned()));
                }
                return Ok(Filter::Null(field, wanted));
            }
            _ => return Err(invalid(format!("'{operator}' is no operator"))),
        };
        Ok(Filter::Compare(field, test, self.literal()?))
    }

    fn list(&mut self, field: &'static str) -> ApiResult<Filter> {
        self.expect(&Token::Open)?;
        let mut literals = vec![self.literal()?];
        while self.tokens.next_if_eq(&Token::Comma).is_some() {
            literals.push(self.literal()?);
        }
        self.expect(&Token::Close)?;
        Ok(Filter::In(field, literals))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: Schema = Schema {
        list: "Test",
        fields: &["id", "customerCode", "name", "signedDate", "valid"],
        refused: &["pdf"],
    };

    struct Row(f64, &'static str, Option<&'static str>, &'static str, bool);

    impl Record for Row {
        fn field(&self, name: &str) -> Scalar<'_> {
            match name {
                "id" => Scalar::Number(self.0),
                "customerCode" => Scalar::text(Some(self.1)),
                "name" => Scalar::text(self.2),
                "signedDate" => Scalar::Date(parse_date(self.3).unwrap()),
                "valid" => Scalar::Bool(self.4),
                other => panic!("{other}"),
            }
        }
    }

    fn matches(filter: &str) -> bool {
        let row = Row(7.0, "C-1", Some("Bob's Bait, Inc (TX)"), "2024-01-15T00:00:00", true);
        Filter::parse(filter, &SCHEMA).unwrap().matches(&row).unwrap()
    }

    #[test]
    fn every_operator_works() {
        for (filter, expected) in [
            ("customerCode eq 'C-1'", true),
            ("CUSTOMERCODE EQ 'C-1'", true),
            ("customerCode eq 'c-1'", false),
            ("name eq 'Bob''s Bait, Inc (TX)'", true),
            ("name contains '''s'", true),
            ("name startswith 'Bob'", true),
            ("name endswith 'Bob'", false),
            ("id gt 6 and id lt 8", true),
            ("id ge 7 and id le 6", false),
            ("id ne 7 or valid eq true", true),
            ("id in (1, 7)", true),
            ("customerCode in ('A','B')", false),
            ("signedDate between '2024-01-15' and '2024-01-16'", true),
            ("signedDate between '2024-01-14' and '2024-01-15'", false),
            ("signedDate eq '2024-01-15T00:00:00Z'", true),
            ("name is null", false),
            ("name is not null", true),
            ("(id eq 1 or id eq 7) and valid eq false", false),
            ("id eq 7 or id eq 1 and valid eq false", true),
        ] {
            assert_eq!(matches(filter), expected, "{filter}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        let deep = format!("{}id eq 1{}", "(".repeat(60), ")".repeat(60));
        for (filter, code) in [
            ("", INVALID_QUERY_VALUE),
            ("id eq", INVALID_QUERY_VALUE),
            ("id like 7", INVALID_QUERY_VALUE),
            ("id eq 7)", INVALID_QUERY_VALUE),
            ("(id eq 7", INVALID_QUERY_VALUE),
            ("name eq 'open", INVALID_QUERY_VALUE),
            ("id in ()", INVALID_QUERY_VALUE),
            ("colour eq 'red'", INVALID_QUERY_FIELD),
            ("pdf eq 'x'", INVALID_EXEMPTION_OPERATION),
            (deep.as_str(), INVALID_QUERY_VALUE),
        ] {
            assert_eq!(Filter::parse(filter, &SCHEMA).unwrap_err().code(), code, "{filter}");
        }
        let row = Row(7.0, "C", None, "2024-01-15", true);
        assert!(Filter::parse("id eq 'many'", &SCHEMA).unwrap().matches(&row).is_err());
    }

    #[test]
    fn the_index_is_found_only_where_it_is_complete() {
        let only = |text: &str| {
            let filter = Filter::parse(text, &SCHEMA).unwrap();
            filter.only("customerCode").map(|codes| codes.join(","))
        };
        assert_eq!(only("customerCode eq 'A'").as_deref(), Some("A"));
        assert_eq!(only("id gt 1 and customerCode in ('A','B')").as_deref(), Some("A,B"));
        assert_eq!(only("customerCode eq 'A' or id eq 1"), None);
        assert_eq!(only("customerCode ne 'A'"), None);
    }
}
