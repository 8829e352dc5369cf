//! The values of a column of Arrow, one at a time.

use std::io::Write as _;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{
    Date32Type, Date64Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::{DataType, TimeUnit};

use crate::batch::NO_TIME;

/// A value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value<'v> {
    Null,
    Number(i64),
    Decimal(f64),
    /// In microseconds since 1970.
    Time(i64),
    Uuid([u8; 16]),
    Text(&'v [u8]),
}

impl Value<'_> {
    /// The value as a text; none where it is NULL.
    pub(super) fn text(&self) -> Option<Vec<u8>> {
        let mut text = Vec::new();
        self.print(&mut text);
        (*self != Value::Null).then_some(text)
    }

    /// Puts it as a text in the place of another.
    pub(super) fn print(&self, text: &mut Vec<u8>) {
        text.clear();
        let printed = match self {
            Self::Null => Ok(()),
            Self::Number(number) => write!(text, "{number}"),
            Self::Decimal(number) => write!(text, "{number}"),
            Self::Time(at) => write!(text, "{}", crate::time::print(*at)),
            Self::Uuid(uuid) => write!(text, "{}", crate::batch::Id::of_uuid(*uuid)),
            Self::Text(bytes) => text.write_all(bytes),
        };
        printed.expect("memory takes all that is written");
    }
}

/// Whether values of this type can be read.
#[expect(clippy::wildcard_enum_match_arm, reason = "Arrow has many types, and gets more")]
pub(super) fn is_read(of: &DataType) -> bool {
    match of {
        DataType::Dictionary(key, value) => key.is_integer() && is_read(value),
        DataType::FixedSizeBinary(size) => *size == 16,
        DataType::Utf8
        | DataType::LargeUtf8
        | DataType::Utf8View
        | DataType::Binary
        | DataType::Float32
        | DataType::Float64
        | DataType::Date32
        | DataType::Date64
        | DataType::Timestamp(_, _) => true,
        other => other.is_integer(),
    }
}

/// The value at each place of a column; NULL for all where its type is not read.
pub(super) fn view<'a>(array: &'a ArrayRef) -> Box<dyn Fn(usize) -> Value<'a> + 'a> {
    let values = plain(array);
    Box::new(move |row| if array.is_null(row) { Value::Null } else { values(row) })
}

/// The same of places that are not NULL.
#[expect(clippy::wildcard_enum_match_arm, reason = "Arrow has many types, and gets more")]
fn plain<'a>(array: &'a ArrayRef) -> Box<dyn Fn(usize) -> Value<'a> + 'a> {
    macro_rules! numbers {
        ($type:ty) => {{
            let values = array.as_primitive::<$type>().values();
            Box::new(move |row| Value::Number(i64::from(values[row])))
        }};
    }
    macro_rules! times {
        ($type:ty, $micros:expr) => {{
            let values = array.as_primitive::<$type>().values();
            Box::new(move |row| Value::Time($micros(i64::from(values[row]))))
        }};
    }
    macro_rules! texts {
        ($values:expr) => {{
            let values = $values;
            Box::new(move |row| Value::Text(values.value(row).as_ref()))
        }};
    }
    match array.data_type() {
        DataType::Int8 => numbers!(Int8Type),
        DataType::Int16 => numbers!(Int16Type),
        DataType::Int32 => numbers!(Int32Type),
        DataType::Int64 => numbers!(Int64Type),
        DataType::UInt8 => numbers!(UInt8Type),
        DataType::UInt16 => numbers!(UInt16Type),
        DataType::UInt32 => numbers!(UInt32Type),
        DataType::UInt64 => {
            let values = array.as_primitive::<UInt64Type>().values();
            // Beyond 2^63 it goes on below zero: still a number for each.
            Box::new(move |row| Value::Number(values[row].cast_signed()))
        }
        DataType::Float32 => {
            let values = array.as_primitive::<Float32Type>().values();
            Box::new(move |row| Value::Decimal(f64::from(values[row])))
        }
        DataType::Float64 => {
            let values = array.as_primitive::<Float64Type>().values();
            Box::new(move |row| Value::Decimal(values[row]))
        }
        DataType::Date32 => times!(Date32Type, |days: i64| days.saturating_mul(86_400_000_000)),
        DataType::Date64 => times!(Date64Type, |millis: i64| millis.saturating_mul(1_000)),
        DataType::Timestamp(TimeUnit::Second, _) => {
            times!(TimestampSecondType, |seconds: i64| seconds.saturating_mul(1_000_000))
        }
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            times!(TimestampMillisecondType, |millis: i64| millis.saturating_mul(1_000))
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            times!(TimestampMicrosecondType, |micros: i64| micros)
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            times!(TimestampNanosecondType, |nanos: i64| nanos.div_euclid(1_000))
        }
        DataType::Utf8 => texts!(array.as_string::<i32>()),
        DataType::LargeUtf8 => texts!(array.as_string::<i64>()),
        DataType::Utf8View => texts!(array.as_string_view()),
        DataType::Binary => texts!(array.as_binary::<i32>()),
        DataType::FixedSizeBinary(_) => {
            let values = array.as_fixed_size_binary();
            Box::new(move |row| match values.value(row).try_into() {
                Ok(uuid) => Value::Uuid(uuid),
                Err(_) => Value::Text(values.value(row)),
            })
        }
        DataType::Dictionary(_, _) => {
            let dictionary = array.as_any_dictionary();
            let (values, keys) = (view(dictionary.values()), dictionary.normalized_keys());
            Box::new(move |row| values(keys[row]))
        }
        _ => Box::new(|_| Value::Null),
    }
}

/// A whole column of times in microseconds, where it is one.
pub(super) fn times(array: &ArrayRef) -> Option<Vec<i64>> {
    if !matches!(array.data_type(), DataType::Timestamp(_, _)) {
        return None;
    }
    let values = view(array);
    let time = |row| match values(row) {
        Value::Time(at) => at,
        Value::Null | Value::Number(_) | Value::Decimal(_) | Value::Uuid(_) | Value::Text(_) => {
            NO_TIME
        }
    };
    Some((0..array.len()).map(time).collect())
}
