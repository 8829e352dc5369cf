{{ gate }}impl utoipa::PartialSchema for {{ type_name }} {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::schema::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .enum_values(Some(S::ALL.map(S::as_str)))
            .into()
    }
}

{{ gate }}impl utoipa::ToSchema for {{ type_name }} {
    fn name() -> std::borrow::Cow<'static, str> {
        "{{ type_name }}".into()
    }
}

{{ gate }}impl<T> utoipa::PartialSchema for Stored<T> {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::schema::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .into()
    }
}

{{ gate }}impl<T> utoipa::ToSchema for Stored<T> {
    fn name() -> std::borrow::Cow<'static, str> {
        "Stored{{ type_name }}".into()
    }
}

