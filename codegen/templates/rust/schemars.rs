{{ gate }}impl schemars::JsonSchema for {{ type_name }} {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "{{ type_name }}".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "enum": S::ALL.map(S::as_str) })
    }
}

{{ gate }}impl<T> schemars::JsonSchema for Stored<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Stored{{ type_name }}".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string" })
    }
}

