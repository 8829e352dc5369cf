//! What bodies and parameters hold that no type of ours says by itself.

use crate::{ColumnType, Schema};
use utoipa::openapi::schema::{AdditionalProperties, Object, ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{Ref, Schema as Shape};

pub(super) fn string() -> Object {
    Object::with_type(Type::String)
}

/// A text of at most so many characters.
pub(super) fn text_of(most: usize) -> Object {
    ObjectBuilder::new().schema_type(Type::String).max_length(Some(most)).build()
}

/// One of these texts.
pub(super) fn one_of(texts: impl IntoIterator<Item = String>) -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(texts)).build()
}

pub(super) fn integer(least: i64, most: i64) -> Object {
    let shape = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(least));
    shape.maximum(Some(most)).build()
}

pub(super) fn nullable(shape: Object) -> Object {
    let SchemaType::Type(of) = shape.schema_type.clone() else { return shape };
    ObjectBuilder::from(shape).schema_type(SchemaType::from_iter([of, Type::Null])).build()
}

/// An object of which nothing is known.
pub(super) fn anything() -> Object {
    Object::with_type(Type::Object)
}

pub(super) fn item_of(is_row: bool) -> Ref {
    Ref::from_schema_name(if is_row { "Item" } else { "Recorded" })
}

pub(super) fn key_schema() -> Object {
    let shape = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[ -~]*[!-~][ -~]*$"));
    shape.max_length(Some(256)).build()
}

/// What a start may give.
pub(super) fn new_row(schema: &Schema) -> Object {
    let mut shape = ObjectBuilder::new();
    for (name, of) in &schema.columns {
        shape = match of {
            ColumnType::Text => shape.property(name, nullable(text())),
            ColumnType::Bigint => shape.property(name, nullable(integer(i64::MIN, i64::MAX))),
            ColumnType::Timestamptz => shape.property(name, nullable(moment())),
            ColumnType::Jsonb => shape.property(name, anything_at_all()),
        };
    }
    shape.property("requested_by", nullable(text())).build()
}

pub(super) fn anything_at_all() -> Object {
    Object::with_type(SchemaType::AnyValue)
}

pub(super) fn moment() -> Object {
    let format = utoipa::openapi::SchemaFormat::Custom("date-time".to_owned());
    ObjectBuilder::new().schema_type(Type::String).format(Some(format)).build()
}

/// The row that was started, and what opens it.
pub(super) fn started_row() -> Shape {
    let run = ObjectBuilder::new()
        .property("started", Object::with_type(SchemaType::from_iter([Type::Boolean, Type::Null])))
        .required("started");
    let more = ObjectBuilder::new()
        .property("callback_token", nullable(string()))
        .required("callback_token")
        .property("run", run);
    let all = utoipa::openapi::AllOfBuilder::new();
    Shape::AllOf(all.item(Ref::from_schema_name("Snapshot")).item(more).build())
}

pub(super) fn applied() -> Object {
    ObjectBuilder::new()
        .property("applied", Object::with_type(Type::Boolean))
        .property("duplicate", Object::with_type(Type::Boolean))
        .property("status", string())
        .property("from", string())
        .property("seq", integer(0, i64::MAX))
        .required("applied")
        .required("status")
        .required("seq")
        .build()
}

pub(super) fn problem() -> Object {
    ObjectBuilder::new()
        .description(Some("What was refused and why (RFC 9457), with what the type adds."))
        .property("type", string())
        .property("title", string())
        .property("status", integer(400, 599))
        .property("detail", string())
        .required("type")
        .required("title")
        .required("status")
        .required("detail")
        .additional_properties(Some(AdditionalProperties::FreeForm(true)))
        .build()
}

/// A text that a database can hold.
pub(crate) fn text() -> Object {
    ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[^\\u0000]*$")).build()
}

/// The same, or none.
pub(crate) fn optional_text() -> Object {
    nullable(text())
}

/// A text or a whole number.
pub(crate) fn run() -> Object {
    let kinds = SchemaType::from_iter([Type::String, Type::Integer, Type::Null]);
    let shape = ObjectBuilder::new().schema_type(kinds).pattern(Some("^[^\\u0000]*$"));
    shape.minimum(Some(0)).maximum(Some(u64::MAX)).build()
}

/// From 1.
pub(crate) fn attempt() -> Object {
    nullable(integer(1, i64::from(i32::MAX)))
}

/// An https address without a user's name.
pub(crate) fn address() -> Object {
    let pattern = "^([hH][tT][tT][pP][sS]://[a-zA-Z0-9.-]+(:[0-9]+)?([/?#][!-~]*)?)?$";
    let shape = ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern)).build();
    nullable(shape)
}

/// The columns of a row.
pub(crate) fn columns() -> Object {
    let shape = ObjectBuilder::new().schema_type(Type::Object);
    shape.additional_properties(Some(AdditionalProperties::FreeForm(true))).build()
}

/// A moment, or none.
pub(crate) fn optional_moment() -> Object {
    nullable(moment())
}

/// A moment in UTC with milliseconds.
pub(crate) fn at() -> Object {
    moment()
}
