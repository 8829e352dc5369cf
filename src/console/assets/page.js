// The page of one row.
import { begin } from "./row.js";

begin();
