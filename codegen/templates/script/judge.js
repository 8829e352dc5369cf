const NONE = -1;
const place{{ any }} = new Map(stateList.map((state, at) => [state.value, at]));
const phasePlace = new Map(phases.map((phase, at) => [phase.name, at]));
const phaseOf{{ anys }} = stateList.map((state) => phasePlace.get(state.phase) ?? NONE);
const next{{ anys }} = stateList.map((state) => new Set(transitions[state.value].map((to{{ any }}) => place.get(to))));
const optionalNext{{ anys }} = next.map((to) => [...to].filter((at) => stateList[at].optional));
// Where optional states lead from a state back to itself, a walk can pass it more than once.
const loops = next.map((to, at) => to.has(at) || optionalNext[at].some((other{{ any }}) => next[other].has(at)));
const completing = new Set(stateList.flatMap((state, at) => (state.completes ? [phaseOf[at]] : [])));

/** Whether the step is a legal transition. Values that the table lacks have none. */
{{ export }}function canBecome(from{{ any }}, to{{ any }}){{ any }} {
  return next[place.get(from)]?.has(place.get(to)) ?? false;
}

/** The optional states that may have come between two that followed each other: none on a step that was forced. */
function hiddenBetween(from{{ any }}, to{{ any }}){{ anys }} {
  if (from !== to && !next[from].has(to)) return [];
  const passed = optionalNext[from].filter((at{{ any }}) => (at === to ? loops[at] : next[at].has(to)));
  if (stateList[from].optional && loops[from] && !next[from].has(from)) passed.push(from);
  return passed;
}

/** What the stepper shows after this history of values, and the `attempted` of its last report. */
{{ export }}function phasesOf(history{{ any }}, attempted{{ any }}){{ anys }} {
  const seen{{ anys }} = [];
  for (const value of history) {
    const at = place.get(value);
    if (at !== undefined) seen.push(at);
  }
  const reported = new Array(phases.length).fill(false);
  const completed = new Array(phases.length).fill(false);
  const hidden = new Array(phases.length).fill(false);
  let lastReported = NONE;

  // Where each state's row stood before it, to see where it went back.
  let phase = NONE;
  const before{{ anys }} = seen.map((at) => {
    const was = phase;
    if (phaseOf[at] !== NONE) phase = phaseOf[at];
    return was;
  });
  // From the end: what went back took back all reports before it from its phase on.
  const steps = new Set();
  let limit = phases.length;
  for (let i = seen.length - 1; i >= 0; i--) {
    const at = seen[i];
    const own = phaseOf[at];
    if (own < limit) {
      if (own !== NONE) {
        reported[own] = true;
        completed[own] ||= stateList[at].completes;
        lastReported = Math.max(lastReported, own);
      }
      const step = i === 0 ? NONE : seen[i - 1] * stateList.length + at;
      if (i > 0 && !steps.has(step)) {
        steps.add(step);
        for (const passed of hiddenBetween(seen[i - 1], at)) {
          if (phaseOf[passed] !== NONE) hidden[phaseOf[passed]] = true;
        }
      }
    }
    if (stateList[at].initial) break;
    if (own !== NONE && own < before[i]) limit = Math.min(limit, own);
  }

  const current = seen.length === 0 ? undefined : seen[seen.length - 1];
  const here = current === undefined ? NONE : phaseOf[current];
  const state = stateList[current];
  const ended = state?.ended ?? false;
  const bad = state?.outcome === "failure" || state?.outcome === "cancelled";
  const ending = bad ? endingPhase(seen, place.get(attempted)) : NONE;

  return phases.map(({ name }, at) => ({ name, view: view(at) }));

  function view(at{{ any }}) {
    const later = at < lastReported;
    if (at === ending) return state.outcome === "failure" ? "failed" : "cancelled";
    if (!reported[at]) {
      if (ending !== NONE && at > ending) return "skipped";
      if (!hidden[at] && (later || ended)) return "skipped";
    }
    if (at === here && !state.completes && !ended) return "active";
    if (completed[at]) return "done";
    if (!completing.has(at) && reported[at]) {
      const elsewhere = here === NONE ? !bad : here !== at;
      if ((ended && !bad) || elsewhere || later || at < ending) return "done";
    }
    return later || ended ? "unconfirmed" : "upcoming";
  }
}

/** The phase that a failed or cancelled row ended in. */
function endingPhase(seen{{ any }}, attempted{{ any }}){{ any }} {
  const running = (at{{ any }}) => (at === undefined || stateList[at].completes ? NONE : phaseOf[at]);
  if (running(attempted) !== NONE) return running(attempted);
  const current = seen[seen.length - 1];
  if (phaseOf[current] !== NONE) return phaseOf[current];
  const previous = seen[seen.length - 2];
  const phase = running(previous);
  if (phase === NONE) return NONE;
  return hiddenBetween(previous, current).every((at) => running(at) === phase) ? phase : NONE;
}
