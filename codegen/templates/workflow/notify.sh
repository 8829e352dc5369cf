#!/usr/bin/env bash
# <{ header }>
#
# Sends one report of a workflow job to the console that started the run, and prints the answer.
# Needs bash, curl and jq. Everything comes in by the environment, so it runs outside GitHub too:
#
#   NOTIFY_ID          the id of the <{ machine }>; empty: no console started this run, nothing is sent
#   NOTIFY_URL         the console's address
#   NOTIFY_JOB         the job that reports, as the table names it
#   NOTIFY_STATE       the state to report, by its name in the table; or
#   NOTIFY_OUTCOME     what became of the job: success, failure or cancelled
#   NOTIFY_ATTEMPTED   the state that the job set out to report before, by its name; may be empty
#   NOTIFY_OCCURRENCE  2, 3, ... where the job reports this state for the second, third, ... time
#   NOTIFY_TOLERATED   true: the loss of this report harms nothing, a failure is a warning
#   NOTIFY_TRIES       how often to try (6)
#   NOTIFY_PAUSE       whole seconds before the second try, doubled from try to try (1)
#
# and GITHUB_EVENT_PATH (its .inputs.<{ token_input }> authenticates the report), GITHUB_RUN_ID,
# GITHUB_RUN_ATTEMPT, GITHUB_SERVER_URL and GITHUB_REPOSITORY, as every runner sets them.
#
# Ends 0 where the report was accepted or there was nothing to report, 1 where it was refused or
# could not be delivered, 2 where it was asked for something that the table does not have.
set -euo pipefail

readonly machine='<{ machine }>'
readonly collection='<{ collection }>'
readonly table='<{ fingerprint }>'

# The value that is stored and sent for a state's name, meant as it stands.
# shellcheck disable=SC2016
value_of() {
  case "$1" in
<%- for state in states %>
    '<{ state.name }>') value=<{ state.value }> ;;
<%- endfor %>
    *) return 1 ;;
  esac
}

# The state that a job reports by what became of it, and where it reports that state more than
# once, which of these reports this is.
outcome_of() {
  case "$1/$2" in
<%- for row in outcomes %>
    <{ row.job }>/<{ row.outcome }>) state='<{ row.state }>'<% if let Some(occurrence) = row.occurrence %> occurrence=<{ occurrence }><% endif %> ;;
<%- endfor %>
    *) return 1 ;;
  esac
}

# What follows is the same for every table.

# A workflow command with a message, escaped as the runner reads it.
annotate() {
  local message=$2
  message=${message//'%'/%25}
  message=${message//$'\r'/%0D}
  message=${message//$'\n'/%0A}
  printf '::%s::%s\n' "$1" "$message"
}

# Prints why nothing was accepted, and ends.
give_up() {
  local level=error
  if [[ ${NOTIFY_TOLERATED:-} == true ]]; then
    level=warning
  fi
  annotate "$level" "$2"
  exit "$1"
}

# A member of the answer as one line, with nothing in it that the runner would take for a command.
answered() {
  jq -r --arg key "$1" '
    if type == "object" then .[$key] else null end
    | if . == null then "" elif type == "string" then . else tojson end
    | gsub("[[:cntrl:]]+"; " ") | gsub("##\\["; "## [")
  ' answer 2>/dev/null || true
}

# A file's text as one line.
line_of() {
  tr -s '[:cntrl:]' ' ' <"$1" | sed 's/##\[/## [/g; s/ *$//'
}

id=${NOTIFY_ID:-}
if [[ -z $id ]]; then
  echo "No console started this run: nothing is reported."
  exit 0
fi

for tool in jq curl; do
  command -v "$tool" >/dev/null || give_up 1 "$tool is needed to report to the console, and is not installed here."
done

job=${NOTIFY_JOB:-}
state=${NOTIFY_STATE:-}
occurrence=${NOTIFY_OCCURRENCE:-1}
if [[ -n ${NOTIFY_OUTCOME:-} ]]; then
  [[ -z $state ]] || give_up 2 "Asked to report both the state $state and an outcome: give one."
  outcome_of "$job" "$NOTIFY_OUTCOME" ||
    give_up 2 "The table of $machine has no report for the outcome '$NOTIFY_OUTCOME' of a job '$job'."
fi
value_of "$state" || give_up 2 "The table of $machine has no state '$state'."
status=$value
attempted=
if [[ -n ${NOTIFY_ATTEMPTED:-} ]]; then
  value_of "$NOTIFY_ATTEMPTED" || give_up 2 "The table of $machine has no state '$NOTIFY_ATTEMPTED' to have attempted."
  attempted=$value
fi

url=${NOTIFY_URL:-}
[[ $url == http://?* || $url == https://?* ]] ||
  give_up 1 "The console's address is missing or not one: set the repository variable CONSOLE_URL (an address that begins with https://)."
while [[ $url == */ ]]; do
  url=${url%/}
done

# A dispatch input is no secret to GitHub: only masked is it kept out of the log. It is read here,
# and not passed on by `with:` or `env:`, which the log prints.
token=
if [[ -r ${GITHUB_EVENT_PATH:-} ]]; then
  token=$(jq -r '.inputs.<{ token_input }> // "" | tostring' "$GITHUB_EVENT_PATH") || token=
fi
[[ -n $token ]] || give_up 1 "The event that started this run carries no <{ token_input }>: the console has to give it with the deploy's id."
[[ $token != *[![:graph:]]* ]] || give_up 1 "The <{ token_input }> of the event that started this run holds white space."
annotate add-mask "$token"

# No argument of a program that others could list holds the token.
umask 077
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
printf 'Authorization: Bearer %s\n' "$token" >authorization

run_url=
if [[ ${GITHUB_SERVER_URL:-} == https://* && -n ${GITHUB_RUN_ID:-} ]]; then
  run_url="$GITHUB_SERVER_URL/${GITHUB_REPOSITORY:-}/actions/runs/$GITHUB_RUN_ID/attempts/${GITHUB_RUN_ATTEMPT:-1}"
fi

# The same report has the same id however often it is sent, so that trying again is safe.
jq -n \
  --arg deploy "$id" --arg status "$status" --arg job "$job" --arg attempted "$attempted" \
  --arg run_id "${GITHUB_RUN_ID:-}" --arg run_attempt "${GITHUB_RUN_ATTEMPT:-}" --arg run_url "$run_url" \
  --arg occurrence "$occurrence" --arg table "$table" '
  {
    status: $status,
    job: $job,
    run_id: $run_id,
    run_attempt: ($run_attempt | tonumber? // null),
    run_url: $run_url,
    event_id: (
      if $run_id == "" or $run_attempt == "" or $job == "" then null
      else
        [$deploy, $run_id, $run_attempt, $job, $status] + (if $occurrence == "1" then [] else [$occurrence] end)
        # Longer ones are no ids to the console, which then makes one of the same parts itself. It knows
        # of no occurrence: that one goes without the id of the row, within which it is the only one.
        | if (join("/") | utf8bytelength) <= 1024 then join("/")
          elif $occurrence == "1" then null
          else .[1:] | join("/")
          end
      end
    ),
    attempted: $attempted,
    table: $table
  } | with_entries(select(.value != null and .value != ""))
' >report
address="$url/api/$collection/$(jq -nr --arg id "$id" '$id | @uri')/callbacks"
what="${job:-somebody}'s report of $state"

# curl's own --retry passes over a refused connection and an empty reply, and a backend that
# restarts would cost the report: the loop is ours.
tries=${NOTIFY_TRIES:-6}
pause=${NOTIFY_PAUSE:-1}
for ((try = 1; ; try++)); do
  : >answer
  : >headers
  delivered=true
  code=$(
    curl --silent --show-error --fail-with-body --connect-timeout 5 --max-time 15 \
      --header @authorization --header 'Content-Type: application/json' \
      --data-binary @report --output answer --dump-header headers --write-out '%{http_code}' \
      "$address" 2>problem
  ) || delivered=false
  case "$code" in
    2??) [[ $delivered == false ]] || break ;;
    408 | 429) ;;
    4??) break ;;
  esac
  if ((try >= tries)); then
    break
  fi
  wait=$pause
  after=$(sed -n 's/^[Rr]etry-[Aa]fter: *\([0-9]\{1,9\}\)[[:space:]]*$/\1/p' headers | tail -n 1)
  if [[ -n $after ]] && ((10#$after > wait)); then
    wait=$((10#$after > 30 ? 30 : 10#$after))
  fi
  echo "$what: ${code/#000/no answer} (try $try of $tries), again in $wait s"
  sleep "$wait"
  pause=$((pause * 2))
done

title=$(answered title)
detail=$(answered detail)
case "$code" in
  2??)
    [[ $delivered == true ]] || give_up 1 "$what could not be delivered: the answer broke off. $(line_of problem)"
    case "$(answered applied)" in
      true) echo "$what: $code applied, $(answered from) -> $(answered status) (seq $(answered seq))" ;;
      false) echo "$what: $code nothing to change, it is in $(answered status) (seq $(answered seq))" ;;
      *) annotate warning "$what: $code, but not the answer of a console. Is $url its address?" ;;
    esac
    ;;
  408 | 429 | [!4]??)
    answer="$code${title:+ $title}${detail:+: $detail}"
    if [[ $code == 000 ]]; then
      answer=$(line_of problem)
    fi
    give_up 1 "$what could not be delivered in $try tries: ${answer:-no answer}"
    ;;
  *) give_up 1 "$what was refused: $code${title:+ $title}${detail:+: $detail}" ;;
esac

