#!/usr/bin/env bash
# <{ header }>
#
# Sends one report of a workflow job to the console that started the run, and prints the answer.
# Needs bash (from 3.2 on), curl (from 7.29 on) and jq (from 1.6 on). Everything comes in by the
# environment, so it runs outside GitHub too:
#
#   NOTIFY_ID          the id of the <{ machine }>; empty: no console started this run, nothing is sent
#   NOTIFY_URL         the console's address
#   NOTIFY_JOB         the job that reports, as the table names it
#   NOTIFY_STATE       the state to report, by its name in the table; or
#   NOTIFY_OUTCOME     what became of the job: success, failure or cancelled
#   NOTIFY_ATTEMPTED   the state that the job set out to report before, by its name; may be empty
#   NOTIFY_OCCURRENCE  2, 3, ... where the job reports this state for the second, third, ... time
#   NOTIFY_TOLERATED   true: the loss of this report harms nothing, a failure is a warning
#   NOTIFY_TRIES       how often to try at most (6)
#   NOTIFY_PAUSE       seconds before the second try, doubled from try to try (1)
#   NOTIFY_BUDGET      whole seconds that all tries together take at most (20 where the report is
#                      tolerated, else 240)
#   NOTIFY_LOG         a file whose last 16 KiB go along, as they are: no secret of theirs is masked
#
<%- if is_oidc %>
# and ACTIONS_ID_TOKEN_REQUEST_URL with ACTIONS_ID_TOKEN_REQUEST_TOKEN (what is had by them authenticates
# the report; a job has them with `permissions: id-token: write`), GITHUB_RUN_ID,
<%- else %>
# and GITHUB_EVENT_PATH (its .inputs.<{ token_input }>, or that of .client_payload, authenticates the report), GITHUB_RUN_ID,
<%- endif %>
# GITHUB_RUN_ATTEMPT, GITHUB_JOB, GITHUB_SERVER_URL, GITHUB_REPOSITORY and RUNNER_TEMP, as every runner
# sets them.
#
# Ends 0 where the report was accepted or there was nothing to report, 1 where it was refused or
# could not be delivered, 2 where it was asked for something that the table does not have.
set -euo pipefail
SECONDS=0
# Git's bash on Windows makes paths of Windows of arguments that begin with a slash.
export MSYS2_ARG_CONV_EXCL='*'

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

is_tolerated() {
  [[ ${NOTIFY_TOLERATED:-} == true ]]
}

# Prints why nothing was accepted, and ends.
give_up() {
  local level=error
  if is_tolerated; then
    level=warning
  fi
  annotate "$level" "$2"
  exit "$1"
}

# Of a text one line that isn't too long, with nothing in it that the runner would take for a command.
readonly one_line='
  (if length > 300 then .[:300] + " ..." else . end)
  | gsub("[[:cntrl:]]+"; " ") | gsub("##\\["; "## [") | sub(" +$"; "")'

# A jq on Windows ends its lines with a carriage return.
line() {
  jq -Rrs "$one_line" | tr -d '\r'
}

# A member of the answer as one line.
answered() {
  jq -r --arg key "$1" '
    if type == "object" then .[$key] else null end
    | if . == null then "" elif type == "string" then . else tojson end
    | '"$one_line" answer 2>/dev/null | tr -d '\r' || true
}

# What the answer says became of the report: applied, duplicate, or neither.
verdict() {
  jq -rs '
    if length != 1 then "neither"
    else
      .[0]
      | if type != "object" or (.status | type) != "string" or (.seq | type) != "number" then "neither"
        elif .applied == true and (.from | type) == "string" then "applied"
        elif .applied == false and .duplicate == true then "duplicate"
        else "neither"
        end
    end
  ' answer 2>/dev/null | tr -d '\r' || true
}

# The last header of the answer by that name, as one line.
header() {
  LC_ALL=C grep -i "^$1:" headers | tail -n 1 | LC_ALL=C sed 's/^[^:]*: *//' | line || true
}

# A setting of the environment, which has to look like that, or what it is by default.
setting() {
  value=${!1:-$2}
  [[ $value =~ $3 ]] || give_up 2 "$1 is not $4: '$value'."
}

# Milliseconds as seconds.
seconds() {
  if (($1 % 1000 == 0)); then
    printf '%d' $(($1 / 1000))
  else
    printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000))
  fi
}

id=${NOTIFY_ID:-}
if [[ -z $id ]]; then
  echo "No console started this run: nothing is reported."
  exit 0
fi

for tool in jq curl; do
  command -v "$tool" >/dev/null || give_up 1 "$tool is needed to report to the console, and is not installed here."
done
<%- if is_oidc %>

# The job's own token, only for the console. It is asked for here, and not passed on by `with:` or `env:`,
# which the log prints; masked before anything else is printed.
url=${NOTIFY_URL:-}
while [[ $url == */ ]]; do
  url=${url%/}
done
[[ -n ${ACTIONS_ID_TOKEN_REQUEST_URL:-} && -n ${ACTIONS_ID_TOKEN_REQUEST_TOKEN:-} ]] ||
  give_up 1 "This job may not ask for its own token: give it \`permissions: id-token: write\`."
token=
for again in 1 2 3; do
  token=$(
    printf 'header = "Authorization: bearer %s"\n' "$ACTIONS_ID_TOKEN_REQUEST_TOKEN" |
      curl --silent --fail --globoff --connect-timeout 5 --max-time 10 --config - \
        "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=$(jq -rn --arg url "$url" '$url | @uri')" |
      jq -r '.value // ""'
  ) || token=
  token=${token%$'\r'}
  [[ -z $token ]] || break
  sleep "$again"
done
[[ -n $token ]] || give_up 1 "GitHub gave this job no token of its own in 3 tries."
<%- else %>

# A dispatch input is no secret to GitHub: only masked is it kept out of the log, and so before anything
# else is printed. It is read here, and not passed on by `with:` or `env:`, which the log prints.
token=
if [[ -r ${GITHUB_EVENT_PATH:-} ]]; then
  token=$(jq -r '.inputs.<{ token_input }> // .client_payload.<{ token_input }> // "" | tostring' "$GITHUB_EVENT_PATH") || token=
  token=${token%$'\r'}
fi
[[ -n $token ]] || give_up 1 "The event that started this run carries no <{ token_input }>: the console has to give it with the deploy's id."
<%- endif %>
annotate add-mask "$token"
# What is a space depends on the locale; what a header must not hold doesn't.
(
  LC_ALL=C
  [[ $token != *[[:space:][:cntrl:]]* ]]
) || give_up 1 "The <% if is_oidc %>token that GitHub gave this job<% else %><{ token_input }> of the event that started this run<% endif %> holds white space."

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
what="${job:-somebody}'s report of $state"

longest=15
budget=240
if is_tolerated; then
  budget=20
fi
whole='^[0-9]{1,5}$'
setting NOTIFY_TRIES 6 "$whole" "a whole number"
tries=$((10#$value))
setting NOTIFY_BUDGET "$budget" "$whole" "a whole number of seconds"
budget=$((10#$value))
setting NOTIFY_PAUSE 1 '^[0-9]{1,5}([.][0-9]+)?$' "a number of seconds"
fraction=000
if [[ $value == *.* ]]; then
  fraction=${value#*.}000
fi
pause=$((10#${value%.*} * 1000 + 10#${fraction:0:3}))

url=${NOTIFY_URL:-}
[[ $url == http://?* || $url == https://?* ]] ||
  give_up 1 "The console's address is missing or not one: set the repository variable CONSOLE_URL (an address that begins with https://)."
while [[ $url == */ ]]; do
  url=${url%/}
done

run_url=
if [[ ${GITHUB_SERVER_URL:-} == https://* && -n ${GITHUB_RUN_ID:-} ]]; then
  run_url="$GITHUB_SERVER_URL/${GITHUB_REPOSITORY:-}/actions/runs/$GITHUB_RUN_ID/attempts/${GITHUB_RUN_ATTEMPT:-1}"
fi

# The end of the log, without what only a terminal understands.
log=
if [[ -f ${NOTIFY_LOG:-} && -r $NOTIFY_LOG ]]; then
  log=$(tail -c 16384 -- "$NOTIFY_LOG" | LC_ALL=C sed $'s/\033\\[[0-9;?]*[A-Za-z]//g' | LC_ALL=C tr -d '\000-\010\013-\037\177') || log=
  log=${log//"$token"/***}
elif [[ -n ${NOTIFY_LOG:-} ]]; then
  echo "$what goes without a log: there is no file $(printf '%s' "$NOTIFY_LOG" | line)."
fi

# A console that is away costs a job the whole time once: where one of its reports was tried in vain,
# the later ones that may be lost are tried once.
breaker=
if [[ -d ${RUNNER_TEMP:-} && -n ${GITHUB_RUN_ID:-} ]]; then
  breaker="$RUNNER_TEMP/notify-$machine-$GITHUB_RUN_ID-${GITHUB_RUN_ATTEMPT:-1}-${GITHUB_JOB:-}"
fi
if is_tolerated && [[ -n $breaker && -e $breaker ]]; then
  echo "$what is tried once: an earlier report of this job could not be delivered."
  tries=1
  longest=5
fi

# No argument of a program that others could list holds the token.
umask 077
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
printf 'header = "Authorization: Bearer %s"\n' "$(printf '%s' "$token" | LC_ALL=C sed 's/[\\"]/\\&/g')" >authorization

# The same report has the same id however often it is sent, so that trying again is safe.
NOTIFY_LOG_TAIL=$log jq -n \
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
    table: $table,
    # It may begin in the middle of a character.
    log_tail: (env.NOTIFY_LOG_TAIL | sub("^\ufffd+"; ""))
  } | with_entries(select(.value != null and .value != ""))
' >report
address="$url/api/$collection/$(jq -nr --arg id "$id" '$id | @uri' | tr -d '\r')/callbacks"

options=(
  --silent --show-error --globoff --proto '=http,https' --max-filesize 1048576
  --config authorization --header 'Content-Type: application/json' --header 'Expect:'
  --data-binary @report --output answer --dump-header headers --write-out '%{http_code}'
)
# From 7.42 on. Some before it take an id of dots for a way up in the address.
if curl --path-as-is --version >/dev/null 2>&1; then
  options+=(--path-as-is)
else
  [[ $id != . && $id != .. ]] || give_up 1 "$what can't be sent: this curl would leave the id $id out of the address."
fi

# curl's own --retry passes over a refused connection and an empty reply, and a backend that
# restarts would cost the report: the loop is ours.
for ((try = 1; ; try++)); do
  : >answer
  : >headers
  # Up to a second more has passed than SECONDS says.
  limit=$((budget - SECONDS - 1))
  ((limit <= longest)) || limit=$longest
  ((limit >= 1)) || limit=1
  failed=0
  code=$(
    # Before 8.4, --max-filesize stops none that does not say beforehand how large it is.
    ulimit -f 1024 2>/dev/null || true
    trap '' XFSZ
    curl "${options[@]}" --connect-timeout $((limit < 5 ? limit : 5)) --max-time "$limit" "$address" 2>problem
  ) || failed=$?
  code=${code:-000}
  case "$code" in
    408 | 429) ;;
    # What broke off is asked for again; what is too large does not get smaller.
    2??) [[ $failed != 0 && $failed != 23 && $failed != 63 ]] || break ;;
    [34]??) break ;;
  esac
  if ((try >= tries)); then
    break
  fi
  wait=$pause
  after=$(header retry-after)
  if [[ $after =~ ^[0-9]{1,9}$ ]] && ((10#$after * 1000 > wait)); then
    wait=$((10#$after > 30 ? 30000 : 10#$after * 1000))
  fi
  # No try begins that could not end in time.
  if (((SECONDS + 2) * 1000 + wait > budget * 1000)); then
    break
  fi
  echo "$what: ${code/#000/no answer} (try $try of $tries), again in $(seconds "$wait") s"
  sleep "$(seconds "$wait")"
  pause=$((pause * 2))
done

# Nothing came that trying again could not change.
lost() {
  if [[ -n $breaker ]]; then
    : 2>/dev/null >"$breaker" || true
  fi
  local times="$try tries"
  ((try > 1)) || times="1 try"
  give_up 1 "$what could not be delivered in $times: $1"
}

title=$(answered title)
detail=$(answered detail)
case "$code" in
  2??)
    [[ $failed == 0 || $failed == 23 || $failed == 63 ]] || lost "the answer broke off. $(line <problem)"
    case "$failed $(verdict)" in
      '0 applied') echo "$what: $code applied, $(answered from) -> $(answered status) (seq $(answered seq))" ;;
      '0 duplicate') echo "$what: $code nothing to change, it is in $(answered status) (seq $(answered seq))" ;;
      *) give_up 1 "$what: $code, but not the answer of a console. Is $url its address?" ;;
    esac
    ;;
  3??)
    location=$(header location)
    give_up 1 "$what was not accepted: $code leads to ${location:-another address, and does not say which}. Give CONSOLE_URL the address that answers itself."
    ;;
  408 | 429 | [!4]??)
    answer="$code${title:+ $title}${detail:+: $detail}"
    if [[ $code == 000 ]]; then
      answer=$(line <problem)
    fi
    lost "${answer:-no answer}"
    ;;
  *) give_up 1 "$what was refused: $code${title:+ $title}${detail:+: $detail}" ;;
esac

