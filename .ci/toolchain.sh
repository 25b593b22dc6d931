# shellcheck shell=bash
# Sourced by run, chat, test and .ci/run, which set `root`.

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_UI_LANGUAGE=en
export DOTNET_GENERATE_ASPNET_CERTIFICATE=false DOTNET_CLI_WORKLOAD_UPDATE_NOTIFY_DISABLE=true

# CHAT_PROGRAM is one that is built already: the tests' own.
program=${CHAT_PROGRAM:-${root:?}/Chat.Host/bin/Release/net10.0/chat.dll}
stamp=$root/Chat.Host/obj/built
engine_flags=()

# use_engine NAME: what build_program builds, and where. Akka.NET's build stands beside the other.
use_engine() {
  [[ $1 == akka && -z ${CHAT_PROGRAM:-} ]] || return 0
  program=$root/Chat.Host/bin/akka/Release/net10.0/chat.dll
  stamp=$root/Chat.Host/obj/akka/built
  engine_flags=(-p:Akka=true)
}

# engine_of ARGUMENT ...: the engine that the arguments or the environment name.
engine_of() {
  local name=${CHAT_ENGINE:-channels}
  while (($# > 0)); do
    case $1 in
      --engine) name=${2:-} ;;
      --engine=*) name=${1#*=} ;;
    esac
    shift
  done
  echo "$name"
}

# restores_akka PROJECT: whether the packages of Akka.NET can be had here.
restores_akka() { (cd "$root" && dotnet restore "$1" -p:Akka=true -v quiet >/dev/null 2>&1); }

say() { printf '%s\n' "$*" >&2; }

fail() {
  say "$1"
  exit 1
}

need_sdk() {
  command -v dotnet >/dev/null || fail 'The .NET SDK 10 is missing (no dotnet on the PATH): see https://dotnet.microsoft.com/download'
  # Asked in the checkout, so that global.json has its say.
  local version
  version=$(cd "$root" && dotnet --version 2>/dev/null) || fail "No .NET SDK fits global.json, which wants 10.0. Installed: $(dotnet --list-sdks | tr '\n' ' ')"
  [[ $version == 10.* ]] || fail "The .NET SDK 10 is needed; dotnet here is $version."
}

has_postgres() { command -v postgres >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null; }

# Packages whose program may stand where only root's PATH looks.
has_server() { PATH=$PATH:/usr/sbin:/sbin command -v "$1" >/dev/null; }

# As root on Debian, installs the packages that the function named here prints, one a line: "package: what wants it".
install_packages() {
  local packages package
  packages=$("$1" | cut -d: -f1 | tr '\n' ' ')
  [[ -n $packages && $EUID -eq 0 ]] && command -v apt-get >/dev/null || return 0
  say "Installing with apt-get: $packages"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq >/dev/null 2>&1 || say 'apt-get update failed; trying with the package lists at hand.'
  for package in $packages; do
    apt-get install -y -qq --no-install-recommends "$package" </dev/null >/dev/null 2>&1 || say "apt-get could not install $package."
  done
}

# Everything that the program is built from, one file a line. What builds write is left out.
sources() {
  (
    cd "$root" || exit
    find Chat.Host Chat.Actors Chat.Protocol hocon Directory.Build.props Directory.Packages.props global.json .editorconfig \
      \( -name bin -o -name obj -o -name node_modules -o -name lib \) -prune -o -type f -print | LC_ALL=C sort
  )
}

# Without asking MSBuild, which takes seconds to say that there is nothing to do.
is_built() {
  [[ -f $program && -f $stamp ]] || return 1
  local list
  list=$(sources)
  [[ $list == "$(<"$stamp")" ]] || return 1
  local newer
  newer=$(cd "$root" && find Chat.Host Chat.Actors Chat.Protocol hocon Directory.Build.props Directory.Packages.props global.json .editorconfig \
    \( -name bin -o -name obj -o -name node_modules -o -name lib \) -prune -o -type f -newer "$stamp" -print -quit)
  [[ -z $newer ]]
}

build_program() {
  [[ -n ${CHAT_PROGRAM:-} ]] && return
  is_built && return
  need_sdk
  if ((${#engine_flags[@]} > 0)); then
    say 'Restoring the packages of Akka.NET ...'
    restores_akka Chat.Host/Chat.Host.csproj ||
      fail 'They do not restore: the package sources of your NuGet configuration do not have them all (Directory.Packages.props names them). The default engine needs none.'
  fi
  say 'Building (Release) ...'
  local list log
  mkdir -p "${stamp%/*}"
  rm -f "$stamp"
  list=$(sources)
  # Made before the build: what is edited meanwhile counts as newer.
  printf '%s\n' "$list" >"$stamp.new"
  log=$(mktemp)
  if ! (cd "$root" && dotnet build Chat.Host/Chat.Host.csproj -c Release -v quiet "${engine_flags[@]}" >"$log" 2>&1); then
    cat "$log" >&2
    rm -f "$log"
    fail 'The build failed.'
  fi
  # What the build has to say beside success, such as page libraries that could not be fetched.
  grep 'page.s libraries' "$log" >&2 || true
  rm -f "$log"
  mv "$stamp.new" "$stamp"
}
