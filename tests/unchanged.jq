# What may differ between a file of REV and one of the working tree ($was, $is: a text, or JSON): each by its
# name, why it is wanted, and where it is. That is taken out of both, and `left` names what did differ.
# Whatever is not listed has to stay.

# Places in JSON.
def may_differ($name; $why; place):
  ([.was | place] != [.is | place]) as $differs
  | .was |= del(place) | .is |= del(place)
  | if $differs then .left += ["\($name): \($why)"] else . end;

# A key of some objects, where none of REV's has it.
def may_be_new($name; $why; objects; $key):
  if [.was | objects | has($key)] | any then .
  elif [.is | objects | has($key)] | any then
    .is |= del(objects | .[$key]) | .left += ["\($name): \($why)"]
  else . end;

# Lines of what is generated, by the end of the file's name: what stood there, and what stands there now.
def may_become($name; $why; $ends; $from; $to):
  if ($file | endswith($ends)) and (.was | contains($from)) then
    .was |= (split($from) | join($to)) | .left += ["\($name): \($why)"]
  else . end;

def generated:
  "the ending phase is found where a step hides states of that phase alone" as $why
  | may_become("rule 6 in JavaScript"; $why; ".js";
      "  if (running(previous) === NONE) return NONE;\n  return hiddenBetween(previous, current).length === 0 ? running(previous) : NONE;\n";
      "  const phase = running(previous);\n  if (phase === NONE) return NONE;\n  return hiddenBetween(previous, current).every((at) => running(at) === phase) ? phase : NONE;\n")
  | may_become("rule 6 in Rust"; $why; ".rs";
      "        incomplete(before).filter(|_| before.hidden(current).next().is_none())\n";
      "        let phase = incomplete(before);\n        phase.filter(|_| before.hidden(current).all(|hidden| incomplete(hidden) == phase))\n");

def schema:
  (.is."$defs"?.TargetRows?.properties? // {} | keys) as $targets
  | reduce $targets[] as $key (.;
      may_be_new("[target.\($key)]"; "there is one target more"; ."$defs"?.TargetRows?.properties? | objects; $key));

def findings: .findings[]?;
def proofs: .tables[]?.proofs[]?;
def moved: IN("judge", "phases-total", "phases-one-active");

def answers:
  ([.was | proofs | select(.verdict == "bounded") | .name]) as $bounded
  | .was.explored?.exhausted? as $exhausted
  | may_be_new("docs"; "a finding says where its rule is explained"; findings; "docs")
  | may_be_new("docs of what is hidden"; "the same"; .hidden[]?; "docs")
  | reduce ("fingerprint", "accepted", "subject") as $key (.;
      may_be_new($key; "every finding can be accepted, by its fingerprint"; findings; $key))
  | may_differ("no fingerprint"; "of a finding that cannot be accepted the key says so";
      findings | select(has("fingerprint") and .fingerprint == null) | .fingerprint)
  | may_be_new("migrated"; "`check` says whether a table was ever migrated to"; .tables[]?; "migrated")
  | may_be_new("comes_of"; "a finding of `compat` names the states that it comes of"; findings; "comes_of")
  | may_be_new("hidden"; "`compat` says what will be an error once the errors are accepted"; .; "hidden")
  | may_differ("moved claims"; "they can only fail by a fault of phasegate's own: they are tests now";
      (proofs | select(.name | moved)), (findings | select(.rule | moved)))
  | may_differ("decided"; "what was bounded at REV is proven or refuted";
      (proofs | select(.name | IN($bounded[]))), (findings | select(.rule | IN($bounded[]))))
  | may_differ("covered"; "figures of what was looked at";
      (proofs | (.covered, .bound)), (.explored? | objects | .[keys[] | select(. != "exhausted")]))
  | may_differ("longest"; "the longest history that is looked at, after which nothing changes";
      proofs.notes[]? | select(startswith("the longest has ")))
  | if $exhausted == false then
      may_differ("exhausted"; "what was not exhausted at REV is, or is called `unknown`"; .[keys[]])
    else . end;

{ was: ($was | if type == "array" then .[0] else . end),
  is: ($is | if type == "array" then .[0] else . end),
  left: [] }
| if .was | type == "string" then generated
  elif $file | endswith(".schema.json") then schema
  else answers end
