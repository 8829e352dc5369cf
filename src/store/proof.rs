//! How it was known who reported a step, or started a row.

/// How it was known who reported or started; the history says so by [`as_str`](Self::as_str). A step that no
/// report led to was taken in the database: `database`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum AuthenticatedBy {
    /// The application called the store itself.
    #[default]
    Application,
    /// The backend itself did it: it starts the work of rows.
    Backend,
    /// The row's own token.
    RowToken,
    /// A run's own token, which its issuer signed.
    RunToken,
    /// The application's own login.
    Login,
    /// The token of an operator.
    OperatorToken,
    /// A token that names an operator, which its issuer signed.
    IssuerToken,
    /// A proxy in front named the operator.
    Proxy,
    /// A webhook that was signed with its secret.
    Webhook,
    /// No one was asked who they are: a name is what was said.
    Nothing,
}

impl AuthenticatedBy {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Application,
        Self::Backend,
        Self::RowToken,
        Self::RunToken,
        Self::Login,
        Self::OperatorToken,
        Self::IssuerToken,
        Self::Proxy,
        Self::Webhook,
        Self::Nothing,
    ];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Application => "application",
            Self::Backend => "backend",
            Self::RowToken => "row-token",
            Self::RunToken => "run-token",
            Self::Login => "login",
            Self::OperatorToken => "operator-token",
            Self::IssuerToken => "issuer-token",
            Self::Proxy => "proxy",
            Self::Webhook => "webhook",
            Self::Nothing => "nothing",
        }
    }
}
