{{ header }}
// The element <phasegate-stepper>, and what it is made of. No dependencies.

{% include "js/stepper/words.js" %}
{% include "js/stepper/views.js" %}
{% include "js/stepper/line.js" %}
{% include "js/stepper/element.js" %}
{%- if let Some(own) = own %}
PhasegateStepper.own = () => import({{ own }});
{%- endif %}
// Every table's module has the same element: the first one on a page defines it.
if (globalThis.customElements && !customElements.get("phasegate-stepper")) {
  customElements.define("phasegate-stepper", PhasegateStepper);
}
