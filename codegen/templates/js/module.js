{{ of.header }}

/** A frozen map without a prototype, so that no key means anything but what the table says. */
const map = (entries) => {
  const object = Object.create(null);
  for (const [key, value] of entries) object[key] = value;
  return Object.freeze(object);
};

export const machine = {{ of.name }};
export const title = {{ of.title }};
export const meta = {{ of.meta }};
export const fingerprints = map([["language", {{ of.language }}], ["table", {{ of.table }}]]);
export const initial = Object.freeze([{{ of.initial }}]);

/** The phases in the order of the stepper. */
export const phases = Object.freeze([
{%- for phase in of.phases %}
  { name: {{ phase.name }}, title: {{ phase.title }}, meta: {{ phase.meta }} },
{%- endfor %}
].map(Object.freeze));

/** The states in the order of the table. */
export const stateList = Object.freeze([
{%- for state in of.states %}
  { name: {{ state.name }}, value: {{ state.value }}, title: {{ state.title }}, phase: {{ state.phase }}, completes: {{ state.completes }}, optional: {{ state.optional }}, outcome: {{ state.outcome }}, reopens: {{ state.reopens }}, retired: {{ state.retired }}, initial: {{ state.initial }}, terminal: {{ state.terminal }}, ended: {{ state.ended }}, meta: {{ state.meta }} },
{%- endfor %}
].map(Object.freeze));

/** The states by their values. */
export const states = map(stateList.map((state) => [state.value, state]));

/** The values that each value may become, in the order of the table. */
export const transitions = map([
{%- for state in of.states %}
  [{{ state.value }}, [{{ state.next }}]],
{%- endfor %}
].map(([from, to]) => [from, Object.freeze(to)]));

{{ judge }}

