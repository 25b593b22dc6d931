# shellcheck shell=bash
# Sourced by run: ./run cluster N [--engine akka]. A private PostgreSQL and Redis, N nodes in development mode, HAProxy in front of them; all on loopback, all data under CLUSTER_DATA.

cluster_port=${CLUSTER_PORT:-8000}
node_port=${CLUSTER_NODE_PORT:-8003} # the first node's; each further one is 10 above
postgres_port=${CLUSTER_POSTGRES_PORT:-5442}
redis_port=${CLUSTER_REDIS_PORT:-6389}
cluster_data=${CLUSTER_DATA:-$root/data/cluster}
cluster_engine=channels

declare -A part_of=()  # names of what runs, by process id
declare -a node_pids=()
haproxy_pid='' redis_pid='' postgres_pid=''
stopping=''

cluster_missing() {
  has_postgres || echo 'postgresql: the nodes share its log'
  has_server redis-server || echo 'redis-server: the nodes talk over it'
  has_server haproxy || echo 'haproxy: the balancer in front of them'
  has_server setpriv || echo 'util-linux: setpriv, so that nothing outlives this'
}

run_cluster() {
  local nodes=3 n usage='Usage: ./run cluster N [--engine channels|akka], with 1 to 9 nodes.'
  cluster_engine=$(engine_of "$@")
  [[ $cluster_engine =~ ^(channels|akka)$ ]] || fail "$usage"
  while (($# > 0)); do
    case $1 in
      --engine) shift ;;
      --engine=*) ;;
      [1-9]) nodes=$1 ;;
      *) fail "$usage" ;;
    esac
    shift
  done
  install_packages cluster_missing
  while IFS=: read -r package use; do
    say "Missing: $package ($use). Root can install it with apt-get."
  done < <(cluster_missing)
  [[ -z $(cluster_missing) ]] || exit 1
  build_program

  mkdir -p "$cluster_data"
  cluster_data=$(cd "$cluster_data" && pwd)
  exec 9>"$cluster_data/lock"
  flock -n 9 || fail "A cluster runs already over $cluster_data."
  for n in "$cluster_port" "$postgres_port" "$redis_port" $(node_ports "$nodes") $(akka_ports "$nodes"); do
    ! is_open "$n" || fail "Port $n is taken. CLUSTER_PORT, CLUSTER_NODE_PORT, CLUSTER_POSTGRES_PORT and CLUSTER_REDIS_PORT choose others."
  done

  # Each part is a process group of its own: Ctrl-C comes to this script alone, which stops them in order.
  set -m
  trap 'stop_cluster' EXIT
  trap 'exit 0' INT TERM HUP
  start_postgres "$nodes"
  start_redis
  # JSON lists are what a variable holds for a list.
  akka_seeds=[$(akka_ports "$nodes" | sed 's/.*/"127.0.0.1:&"/' | paste -sd,)]
  for ((n = 1; n <= nodes; n++)); do
    start_node "$n"
    # The first one brings the tables up to date before others look at them.
    ((n > 1)) || await_node 1
  done
  for ((n = 2; n <= nodes; n++)); do await_node "$n"; done
  start_haproxy "$nodes"
  say "Ready: http://localhost:$cluster_port/ is the balancer over $nodes nodes. Ctrl-C stops all; the data stays in $cluster_data."
  watch_cluster
}

# Of the nodes' actors, where Akka.NET is the engine; the one after the node's own.
akka_ports() { [[ $cluster_engine != akka ]] || for ((n = 0; n < $1; n++)); do echo $((node_port + 10 * n + 1)); done; }

node_ports() { for ((n = 0; n < $1; n++)); do echo $((node_port + 10 * n)); done; }

# Under another user when this is root, as PostgreSQL demands; ends when this script does, however that ends.
# as USER SIGNAL COMMAND ...
as() {
  local user=$1 signal=$2
  shift 2
  local become=(setpriv --pdeathsig "$signal")
  [[ $EUID -ne 0 ]] || become+=(--reuid "$user" --regid "$user" --init-groups)
  exec 9>&-
  PATH=$PATH:/usr/sbin:/sbin exec "${become[@]}" "$@"
}

# A folder that the user may write. Those above it are left as they are: if it cannot be reached, that is said.
own_folder() {
  local user=$1 folder=$2
  mkdir -p "$folder"
  [[ $EUID -ne 0 ]] || chown "$user:" "$folder"
  chmod 700 "$folder"
  (as "$user" KILL test -w "$folder") || fail "The user $user cannot reach $folder: set CLUSTER_DATA to a folder that it can."
}

start_postgres() {
  local folder=$cluster_data/postgres bin
  bin=$(dirname "$(readlink -f "$(command -v postgres || compgen -G '/usr/lib/postgresql/*/bin/postgres' | sort -V | tail -1)")")
  own_folder postgres "$folder"
  # What the folder holds only its owner may see.
  if ! (as postgres KILL test -e "$folder/PG_VERSION"); then
    say "PostgreSQL: making a database in $folder"
    (cd / && as postgres KILL "$bin/initdb" -D "$folder" -U postgres -E UTF8 --locale=C.UTF-8 -A trust) >"$cluster_data/initdb.log" 2>&1 ||
      fail "initdb failed: see $cluster_data/initdb.log"
  fi
  say "PostgreSQL: port $postgres_port"
  # A node keeps at most DATABASE_POOL_SIZE + DATABASE_MAX_OVERFLOW connections, and some of its own.
  (cd / && as postgres INT "$bin/postgres" -D "$folder" -p "$postgres_port" -c listen_addresses=127.0.0.1 -c unix_socket_directories= \
    -c max_connections=$((100 * $1 + 20))) >"$cluster_data/postgres.log" 2>&1 &
  postgres_pid=$!
  part_of[$postgres_pid]=PostgreSQL
  local psql=("$bin/psql" -h 127.0.0.1 -p "$postgres_port" -U postgres -X -q -A -t)
  await "$postgres_pid" "$cluster_data/postgres.log" "${psql[@]}" -c 'SELECT 1'
  [[ $("${psql[@]}" -c "SELECT 1 FROM pg_database WHERE datname = 'chat'") == 1 ]] || "${psql[@]}" -c 'CREATE DATABASE chat'
}

start_redis() {
  local folder=$cluster_data/redis
  own_folder redis "$folder"
  say "Redis: port $redis_port"
  (as redis TERM redis-server --port "$redis_port" --bind 127.0.0.1 --dir "$folder" --appendonly yes --save '') >"$cluster_data/redis.log" 2>&1 &
  redis_pid=$!
  part_of[$redis_pid]=Redis
  await "$redis_pid" "$cluster_data/redis.log" is_open "$redis_port"
}

# What a node says is shown with its number before it.
start_node() {
  local port=$((node_port + 10 * ($1 - 1)))
  say "Node $1: http://localhost:$port/"
  (
    exec 9>&-
    export SERVICE_PORT=$port DATA_PATH=$cluster_data/node$1 LOG_LEVEL=${LOG_LEVEL:-INFO} CHAT_NODE_ADDRESS=http://127.0.0.1:$port
    # All nodes hand out what one of them has taken.
    export FILE_STORAGE_PATH=${FILE_STORAGE_PATH:-$cluster_data/files}
    export DATABASE_URL=postgresql://postgres@127.0.0.1:$postgres_port/chat REDIS_URL=redis://127.0.0.1:$redis_port
    export CHAT_ENGINE=$cluster_engine CHAT_AKKA_HOST=127.0.0.1 CHAT_AKKA_PORT=$((port + 1)) CHAT_AKKA_SEEDS=$akka_seeds
    # HAProxy tells who called.
    export CHAT_TRUSTED_PROXIES='["127.0.0.1"]'
    exec setpriv --pdeathsig TERM dotnet "$program" serve --mode development
  ) > >(exec 9>&- && exec sed -u "s/^/[$1] /") 2>&1 &
  node_pids+=($!)
  part_of[$!]="Node $1"
}

await_node() { await "${node_pids[$1 - 1]}" '' is_ready $((node_port + 10 * ($1 - 1))); }

start_haproxy() {
  local file=$cluster_data/haproxy.cfg
  # shellcheck disable=SC2046 # One word for each port.
  haproxy_configuration "$cluster_port" $(node_ports "$1") >"$file"
  chmod 644 "$file"
  say "HAProxy: port $cluster_port"
  (as haproxy TERM haproxy -db -f /dev/stdin <"$file") >"$cluster_data/haproxy.log" 2>&1 &
  haproxy_pid=$!
  part_of[$haproxy_pid]=HAProxy
  await "$haproxy_pid" "$cluster_data/haproxy.log" is_ready "$cluster_port"
}

# haproxy_configuration PORT NODE_PORT ...; tests take it from here too.
haproxy_configuration() {
  local port=$1 limit n=0
  shift
  # Two descriptors for each connection, and some for the rest.
  limit=$(($(ulimit -Hn 2>/dev/null | sed 's/unlimited/1048576/') / 2 - 100))
  ((limit < 20000)) || limit=20000
  cat <<CONFIGURATION
# Written by ./run cluster at every start.
global
  maxconn $limit

defaults
  mode http
  option forwardfor
  # A node that stops refuses new sockets before its check has failed, and a connection that it closes may just have been given a request: both are offered to
  # another one. What may have been stored is not sent twice: the client is told, by 502 or by its connection's end.
  option redispatch 1
  retries 2
  retry-on conn-failure empty-response 503
  timeout connect 2s
  # A node that is only busy is no dead one.
  timeout check 2s
  timeout http-request 10s
  timeout client 5m
  timeout server 5m
  # A socket that says nothing is pinged by its node every 30 s: what is silent for an hour is gone.
  timeout tunnel 1h
  timeout client-fin 10s

frontend chat
  bind 127.0.0.1:$port
  http-request disable-l7-retry if !METH_GET
  default_backend nodes

backend nodes
  # Sockets stay for hours, so new ones go where the fewest are. No stickiness: every node serves every session.
  balance leastconn
  option httpchk
  http-check send meth GET uri /health/ready ver HTTP/1.1 hdr Host localhost
  http-check expect status 200
  default-server check inter 500ms fall 2 rise 1
$(for port in "$@"; do echo "  server node$((++n)) 127.0.0.1:$port"; done)
CONFIGURATION
}

is_open() { (exec 8<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

is_ready() {
  local line
  line=$( (exec 8<>"/dev/tcp/127.0.0.1/$1" && printf 'GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&8 && head -1 <&8) 2>/dev/null) || return 1
  [[ $line == *' 200 '* ]]
}

# await PID LOG COMMAND ...: until the command succeeds, as long as the process lives.
await() {
  local pid=$1 log=$2 end=$((SECONDS + 120))
  shift 2
  until "$@" >/dev/null 2>&1; do
    if ! kill -0 "$pid" 2>/dev/null || ((SECONDS > end)); then
      [[ -z $log ]] || tail -5 "$log" >&2
      fail "${part_of[$pid]} did not start."
    fi
    sleep 0.1
  done
}

# One part's end is told, and the others go on: that is what a cluster is for.
watch_cluster() {
  local pid code
  while ((${#part_of[@]} > 0)); do
    code=0
    wait -n -p pid "${!part_of[@]}" || code=$?
    [[ -n ${pid:-} ]] || continue
    say "${part_of[$pid]} has ended with code $code; the others go on."
    unset "part_of[$pid]"
  done
}

# The nodes first, which tell their clients through the balancer; what they write to last.
stop_cluster() {
  [[ -z $stopping ]] || return 0
  stopping=1
  trap '' INT TERM HUP
  say 'Stopping ...'
  # Without what the shell says of jobs that a signal ends.
  exec 7>&2 2>/dev/null
  stop_parts TERM "${node_pids[@]}"
  stop_parts TERM "$haproxy_pid"
  stop_parts TERM "$redis_pid"
  stop_parts INT "$postgres_pid"
  exec 2>&7
  say 'Stopped.'
}

# stop_parts SIGNAL PID ...: returns when they have ended; what does not within 30 s is killed.
stop_parts() {
  local signal=$1 pid end=$((SECONDS + 30))
  shift
  for pid in "$@"; do
    [[ -z $pid ]] || kill -"$signal" "$pid" 2>/dev/null || true
  done
  for pid in "$@"; do
    [[ -n $pid ]] || continue
    while kill -0 "$pid" 2>/dev/null; do
      if ((SECONDS > end)); then
        say "${part_of[$pid]:-A part} does not end and is killed." 2>&7
        kill -KILL -- "-$pid" 2>/dev/null || kill -KILL "$pid" 2>/dev/null || true
        end=$((SECONDS + 5))
      fi
      sleep 0.1
    done
  done
}
