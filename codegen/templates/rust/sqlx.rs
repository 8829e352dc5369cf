{{ gate }}impl sqlx::Type<{{ database.name }}> for {{ type_name }} {
    fn type_info() -> <{{ database.name }} as sqlx::Database>::TypeInfo {
        {{ database.type_info }}
    }

    fn compatible(ty: &<{{ database.name }} as sqlx::Database>::TypeInfo) -> bool {
        {{ database.compatible }}
    }
}

{{ gate }}impl sqlx::Encode<'_, {{ database.name }}> for {{ type_name }} {
    fn encode_by_ref(
        &self,
        buffer: &mut <{{ database.name }} as sqlx::Database>::ArgumentBuffer,
    ) -> Result<sqlx::encode::IsNull, sqlx::error::BoxDynError> {
{%- if has_numbers %}
        <i64 as sqlx::Encode<{{ database.name }}>>::encode(self.number(), buffer)
{%- else %}
        <&str as sqlx::Encode<{{ database.name }}>>::encode(self.as_str(), buffer)
{%- endif %}
    }
}

/// Fails on a state that only a newer table knows: read columns as [`Stored`].
{{ gate }}impl<'r> sqlx::Decode<'r, {{ database.name }}> for {{ type_name }} {
    fn decode(
        value: <{{ database.name }} as sqlx::Database>::ValueRef<'r>,
    ) -> Result<Self, sqlx::error::BoxDynError> {
{%- if has_numbers %}
        let number = {{ database.decode }};
        Ok(S::from_number(number).ok_or_else(|| UnknownStatus::of(&number.to_string()))?)
{%- else %}
        Ok(<&str as sqlx::Decode<{{ database.name }}>>::decode(value)?.parse()?)
{%- endif %}
    }
}

{{ gate }}impl<T> sqlx::Type<{{ database.name }}> for Stored<T> {
    fn type_info() -> <{{ database.name }} as sqlx::Database>::TypeInfo {
        <S as sqlx::Type<{{ database.name }}>>::type_info()
    }

    fn compatible(ty: &<{{ database.name }} as sqlx::Database>::TypeInfo) -> bool {
        <S as sqlx::Type<{{ database.name }}>>::compatible(ty)
    }
}

{%- if has_numbers %}

/// A number that this table lacks is read as its digits.
{{ gate }}impl<'r> sqlx::Decode<'r, {{ database.name }}> for Stored<String> {
    fn decode(
        value: <{{ database.name }} as sqlx::Database>::ValueRef<'r>,
    ) -> Result<Self, sqlx::error::BoxDynError> {
        let number = {{ database.decode }};
        Ok(match S::from_number(number) {
            Some(state) => Self::Known(state),
            None => Self::Unknown(number.to_string()),
        })
    }
}
{%- else %}

{{ gate }}impl<'r, T> sqlx::Decode<'r, {{ database.name }}> for Stored<T>
where
    T: AsRef<str> + sqlx::Decode<'r, {{ database.name }}>,
{
    fn decode(
        value: <{{ database.name }} as sqlx::Database>::ValueRef<'r>,
    ) -> Result<Self, sqlx::error::BoxDynError> {
        T::decode(value).map(Self::new)
    }
}
{%- endif %}
{%- if let Some(array) = database.array %}

{{ gate }}impl sqlx::postgres::PgHasArrayType for {{ type_name }} {
    fn array_type_info() -> sqlx::postgres::PgTypeInfo {
        {{ array }}
    }

    fn array_compatible(ty: &sqlx::postgres::PgTypeInfo) -> bool {
        let is = |of| <S as sqlx::Type<sqlx::Postgres>>::compatible(of);
        matches!(ty.kind(), sqlx::postgres::PgTypeKind::Array(of) if is(of))
    }
}
{%- endif %}

