CREATE TRIGGER {{ n.guard_again }} AFTER UPDATE OF {{ n.column }} ON {{ n.table }}
  FOR EACH ROW EXECUTE FUNCTION {{ n.again }}();
