#!/bin/sh
# Names every missing or too old prerequisite with what to install:
#     check_prerequisites.sh PYTHON [--local]
# With --local also those for running LocalStack, with or without Docker.
set -u
python=$1
problems=0

missing() {
    [ "$problems" -gt 0 ] || echo "This is missing:" >&2
    problems=$((problems + 1))
    echo "  * $1" >&2
}

# is_older VERSION MINIMUM: compares what is before and after the first dot.
is_older() {
    echo "$1 $2" | awk '{
        split($1, version, "."); split($2, minimum, ".")
        exit !(version[1] < minimum[1] || (version[1] == minimum[1] && version[2] < minimum[2]))
    }'
}

# Asked through Python, since a shell cannot give up on an engine that does not answer.
docker_answers() {
    "$python" -c 'import subprocess, sys; subprocess.run(
        sys.argv[1:], timeout=2, check=True, capture_output=True)' docker version 2>/dev/null
}

compose_answers() {
    docker compose version >/dev/null 2>&1
}

check_python() {
    # A pyenv shim is there even where its version of Python is not: only running it tells.
    version=$("$python" -c 'import platform; print(platform.python_version())' 2>/dev/null)
    case $version in
        3.13.*)
            # Debian and Ubuntu have them in a package of their own.
            "$python" -c 'import ensurepip, venv' 2>/dev/null ||
                missing "venv and ensurepip of Python 3.13: apt install python3.13-venv, or Python as it comes from https://www.python.org/downloads/"
            return
            ;;
        "") found="$python does not run" ;;
        *) found="$python is $version" ;;
    esac
    missing "Python 3.13 ($found): https://www.python.org/downloads/ or pyenv install 3.13"
}

check_node() {
    version=$(node --version 2>/dev/null)
    version=${version#v}
    if [ -z "$version" ]; then
        missing "Node.js 20 or newer, with npm: https://nodejs.org/"
    elif is_older "$version" 20.0; then
        missing "Node.js 20 or newer (node is $version): https://nodejs.org/"
    elif ! command -v npm >/dev/null; then
        missing "npm, which belongs to Node.js: https://nodejs.org/"
    fi
}

check_terraform() {
    # Without a configuration file, which may not be there, and without asking for newer versions.
    version=$(CHECKPOINT_DISABLE=1 TF_CLI_CONFIG_FILE=/dev/null terraform version 2>/dev/null |
        sed -n 's/^Terraform v//p')
    from=https://developer.hashicorp.com/terraform/install
    if [ -z "$version" ]; then
        missing "Terraform 1.10 or newer: $from"
    elif is_older "$version" 1.10; then
        missing "Terraform 1.10 or newer (terraform is $version): $from"
    fi
}

check_git() {
    # The tests of the documents ask it which files are the project's.
    command -v git >/dev/null || missing "git: https://git-scm.com/downloads"
}

check_curl() {
    # With --fail-with-body, which the documents' examples are tried with.
    version=$(curl --version 2>/dev/null | sed -n 's/^curl \([0-9.]*\).*/\1/p')
    if [ -z "$version" ]; then
        missing "curl 7.76 or newer: https://curl.se/download.html"
    elif is_older "$version" 7.76; then
        missing "curl 7.76 or newer (curl is $version): https://curl.se/download.html"
    fi
}

check_java() {
    properties=$(java -XshowSettings:properties -version 2>&1)
    version=$(echo "$properties" | sed -n 's/^ *java\.version = \([0-9.]*\).*/\1/p')
    processor=$(echo "$properties" | sed -n 's/^ *os\.arch = //p')
    if [ -z "$version" ]; then
        missing "Java 17 or newer, for DynamoDB without Docker: https://adoptium.net/"
    elif is_older "$version.0" 17.0; then
        missing "Java 17 or newer, for DynamoDB without Docker (java is $version): https://adoptium.net/"
    elif [ "$processor" = aarch64 ]; then
        # DynamoDB Local from npm brings SQLite for x86-64 only.
        missing "Docker, or Java for x86-64 (java is for $processor): https://docs.docker.com/get-started/get-docker/"
    fi
}

check_docker() {
    if ! docker_answers; then
        missing "Docker, and start it (LOCAL_BACKEND is docker): https://docs.docker.com/get-started/get-docker/"
    elif ! compose_answers; then
        missing "Docker Compose (LOCAL_BACKEND is docker): https://docs.docker.com/compose/install/"
    fi
}

check_local() {
    check_curl
    case ${LOCAL_BACKEND-} in
        docker) check_docker ;;
        host) check_java ;;
        "") { docker_answers && compose_answers; } || check_java ;;
        *) missing "a backend: LOCAL_BACKEND can be docker or host (it is $LOCAL_BACKEND)" ;;
    esac
}

check_python
check_node
check_terraform
check_git
[ "${2-}" != --local ] || check_local
[ "$problems" -eq 0 ]
