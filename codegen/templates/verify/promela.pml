/* Written by `phasegate verify --export promela`. Try a formula with
   spin -a MODEL && cc -O2 -o pan pan.c && ./pan -a -N FORMULA */

{% for state in states -%}
#define S_{{ state }} {{ loop.index0 }}
{% endfor -%}
#define WAITING 0
#define SUCCESS 1
#define FAILURE 2
#define CANCELLED 3
#define SKIPPED 4

short row;
bool begun;
bool lost, said, mute, refused, left_an_end, over, lie;
bool ok;
{% for job in jobs -%}
byte result_{{ job.number }} = WAITING;
{% endfor %}
#define LEGAL(to) ( \
  {{ legal }} )
#define ENDED {{ ended }}
#define KEPT {{ kept }}
#define GOOD {{ good }}
#define BAD {{ bad }}

/* A report comes in: a legal step is taken, the state that the row is in already changes nothing. */
inline report(to, tolerated) {
  if
  :: LEGAL(to) ->
    if :: KEPT && row != (to) -> left_an_end = true :: else fi;
    row = (to); said = false; ok = true
  :: else -> ok = (row == (to))
  fi;
  if :: ok && !(tolerated) && ENDED -> said = true :: else fi;
  if :: !ok && !((tolerated) && lost) -> refused = true :: else fi
}

active proctype start() {
  atomic {
    if
{%- for state in initial %}
    :: row = S_{{ state }}
{%- endfor %}
    fi;
    begun = true
  }
}
{% if jobs.is_empty() %}
active proctype stranger() {
  (begun);
end: do
{%- for state in states %}
  :: atomic { LEGAL(S_{{ state }}) -> report(S_{{ state }}, false) }
{%- endfor %}
  :: false -> skip
  od
}
{% endif -%}
{% for job in jobs %}
/* {{ job.name }} */
{%- if job.always %}
bool mute_{{ job.number }};
active proctype job_{{ job.number }}() {
  ({{ job.begins }});
  atomic { if
  :: mute_{{ job.number }} = true; result_{{ job.number }} = FAILURE; goto gone
{%- for (condition, report) in job.conclusions %}
  :: ({{ condition }}) ->
{{ report }}
{%- endfor %}
  fi };
{%- else %}
active proctype job_{{ job.number }}() {
  ({{ job.begins }});
  atomic { if
  :: !({{ job.must }}) -> result_{{ job.number }} = SKIPPED; goto gone
  :: else -> skip
  fi };
  atomic { if
  :: result_{{ job.number }} = CANCELLED; goto gone
  :: result_{{ job.number }} = FAILURE; goto gone
  :: skip
{%- if job.has_start %}
  :: goto failing
{%- endif %}
{%- if job.skippable %}
  :: result_{{ job.number }} = SKIPPED; goto gone
{%- endif %}
  fi };
{%- for report in job.before %}
  atomic { if
{%- if !job.has_start || !loop.first %}
  :: result_{{ job.number }} = FAILURE; goto gone
  :: goto failing_at_work
  :: goto cancelled
{%- endif %}
  :: true ->
{{ report }}
  fi };
{%- endfor %}
  atomic { if
  :: result_{{ job.number }} = FAILURE; goto gone
  :: goto failing_at_work
  :: goto cancelled
  :: true ->
{{ job.success }}
  fi };
failing:
  atomic { if
  :: result_{{ job.number }} = FAILURE; goto gone
  :: goto cancelled
  :: true -> skip
  fi };
failing_at_work:
  atomic {
{{ job.failure }}
  };
cancelled:
  atomic {
{{ job.cancelled }}
  };
{%- endif %}
gone: skip
}
{% endfor -%}
{% if !jobs.is_empty() %}
/* The run is over. */
active proctype ending() {
  atomic {
    ({{ over }});
    mute = {{ mute }};
    lie = (GOOD && !({{ all_good }})) || (BAD && ({{ all_good }}));
    over = true
  }
}
{% endif %}
{% for (name, formula) in formulas -%}
ltl {{ name }} { {{ formula }} }
{% endfor -%}
