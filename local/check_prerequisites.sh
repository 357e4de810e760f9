#!/bin/sh
# Names every missing or too old prerequisite with what to install:
# check_prerequisites.sh PYTHON [--local]
set -u
python=$1
problems=0

missing() {
    [ "$problems" -gt 0 ] || echo "Before this can run:" >&2
    problems=$((problems + 1))
    echo "  * $1" >&2
}

# at_least MINIMUM VERSION: compares the numbers before and after the first dot.
at_least() {
    echo "$1 $2" | awk '{
        split($1, minimum, "."); split($2, version, ".")
        exit !(version[1] > minimum[1] || (version[1] == minimum[1] && version[2] >= minimum[2]))
    }'
}

# A pyenv shim exists even where its version is not installed, so run it.
version=$("$python" -c 'import platform; print(platform.python_version())' 2>/dev/null)
case $version in
    3.13.*) ;;
    "") missing "Python 3.13 ($python does not run): https://www.python.org/downloads/ or 'pyenv install 3.13'" ;;
    *) missing "Python 3.13 ($python is $version): https://www.python.org/downloads/ or 'pyenv install 3.13'" ;;
esac

version=$(node --version 2>/dev/null | tr -d v)
if [ -z "$version" ]; then
    missing "Node.js 20 or newer, with npm: https://nodejs.org/"
elif ! at_least 20.0 "$version"; then
    missing "Node.js 20 or newer (node is $version): https://nodejs.org/"
elif ! command -v npm >/dev/null; then
    missing "npm, which comes with Node.js: https://nodejs.org/"
fi

version=$(CHECKPOINT_DISABLE=1 TF_CLI_CONFIG_FILE=/dev/null terraform version 2>/dev/null |
    sed -n 's/^Terraform v//p')
if [ -z "$version" ]; then
    missing "Terraform 1.10 or newer: https://developer.hashicorp.com/terraform/install"
elif ! at_least 1.10 "$version"; then
    missing "Terraform 1.10 or newer (terraform is $version): https://developer.hashicorp.com/terraform/install"
fi

docker_answers() {
    docker version --format '{{.Server.Version}}' >/dev/null 2>&1
}

check_java() {
    # The first line is: openjdk version "17.0.15" 2025-04-15
    version=$(java -version 2>&1 | sed -n 's/^[a-z]* version "\([0-9.]*\).*/\1/p')
    if [ -z "$version" ]; then
        missing "Java 17 or newer (https://adoptium.net/), or Docker: $1"
    elif ! at_least 17.0 "$version.0"; then
        missing "Java 17 or newer (java is $version; https://adoptium.net/), or Docker: $1"
    fi
}

if [ "${2-}" = --local ]; then
    case ${LOCAL_BACKEND-} in
        docker)
            if ! docker_answers; then
                missing "a running Docker engine (LOCAL_BACKEND=docker): https://docs.docker.com/get-started/get-docker/"
            elif ! docker compose version >/dev/null 2>&1; then
                missing "docker compose (LOCAL_BACKEND=docker): https://docs.docker.com/compose/install/"
            fi
            ;;
        host) check_java "DynamoDB Local runs on it (LOCAL_BACKEND=host)" ;;
        "") docker_answers || check_java "no Docker engine answers, and DynamoDB Local runs on Java" ;;
        *) missing "LOCAL_BACKEND=docker or host, or neither (it is $LOCAL_BACKEND)" ;;
    esac
fi

[ "$problems" -eq 0 ]
