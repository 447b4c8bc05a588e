#!/bin/sh
# Installs the system programs that tests drive, where apt-get may; names what stays missing and goes on.
# The tests that need a missing program fail with its name, so this never stops make.
set -u

PATH="$PATH:/usr/sbin:/sbin"
export DEBIAN_FRONTEND=noninteractive

# program, and the Debian package that brings it
PROGRAMS="chromium:chromium sshd:openssh-server ssh:openssh-client curl:curl lftp:lftp rclone:rclone swaks:swaks
psftp:putty-tools dovecot:dovecot-imapd"

missing_packages() {
    for pair in $PROGRAMS; do
        command -v "${pair%%:*}" >/dev/null 2>&1 || printf '%s ' "${pair##*:}"
    done
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo -n env DEBIAN_FRONTEND=noninteractive "$@"
    fi
}

install() {
    as_root apt-get install -y -q --no-install-recommends "$@" >/dev/null 2>&1
}

wanted=$(missing_packages)
[ -z "$wanted" ] && exit 0

echo "Missing on this machine: ${wanted% }"
if ! command -v apt-get >/dev/null 2>&1; then
    reason="there is no apt-get here"
elif [ "$(id -u)" -ne 0 ] && ! sudo -n true >/dev/null 2>&1; then
    reason="apt-get needs root, and sudo asks for a password"
else
    reason="apt-get could not install it"
    echo "Installing by apt-get: ${wanted% }"
    # shellcheck disable=SC2086 # a list of words
    if ! install $wanted; then
        as_root apt-get update -q >/dev/null 2>&1
        for package in $wanted; do
            install "$package"
        done
    fi
fi

for package in $(missing_packages); do
    echo "Not installed: $package ($reason). The tests that need it fail with its name."
done
exit 0
