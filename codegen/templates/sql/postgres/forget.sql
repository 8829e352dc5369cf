-- Has a session plan its functions anew. Where a column has got another type, they would fail for good.
BEGIN
  DISCARD PLANS;
END
