import type { Way } from "./ways";
import { SUDO_PASSWORD, text } from "./world";

const key = () => ({ privateKey: text("ed25519") });
const asNosudo = () => ({ ...key(), user: "nosudo" });

/** Commands that set and reset settings of sshd. */
const sshd = (settings: string): Way["onHost"] => [
    `echo '${settings}' >/etc/ssh/sshd_config.d/a-picky.conf && systemctl reload ssh`,
    "rm /etc/ssh/sshd_config.d/a-picky.conf && systemctl reload ssh",
];

const loginShell = (shell: string, more: Partial<Way> = {}): Way => ({
    name: `login shell ${shell}`,
    connection: key,
    onHost: [`usermod --shell "$(command -v ${shell})" deploy`, "usermod --shell /bin/bash deploy"],
    ...more,
});

const ash = `printf '#!/bin/sh\\nexec busybox ash "$@"\\n' >/usr/local/bin/ash && chmod 755 /usr/local/bin/ash`;

export const pickyHosts: Way[] = [
    {
        name: "no SFTP subsystem",
        connection: key,
        onHost: [
            "sed -i.before /^Subsystem/d /etc/ssh/sshd_config && systemctl reload ssh",
            "mv /etc/ssh/sshd_config.before /etc/ssh/sshd_config && systemctl reload ssh",
        ],
    },
    {
        name: "start-up files that print (.bashrc, sshrc)",
        connection: key,
        onHost: [
            "cd /home/deploy && cp .bashrc .bashrc.before && echo 'echo Welcome; echo errors >&2' >.bashrc && echo 'echo hi' >/etc/ssh/sshrc",
            "mv /home/deploy/.bashrc.before /home/deploy/.bashrc && rm /etc/ssh/sshrc",
        ],
    },
    {
        name: "AllowTcpForwarding no, AllowStreamLocalForwarding no",
        connection: key,
        onHost: sshd("AllowTcpForwarding no\nAllowStreamLocalForwarding no"),
    },
    { name: "MaxSessions 1", connection: key, onHost: sshd("MaxSessions 1") },
    loginShell("dash"),
    loginShell("zsh"),
    loginShell("fish"),
    loginShell("csh"),
    loginShell("tcsh"),
    loginShell("ash", {
        name: "login shell ash (busybox)",
        onHost: [`${ash} && usermod --shell /usr/local/bin/ash deploy`, "usermod --shell /bin/bash deploy"],
    }),
    {
        name: "sudo with a secure_path that holds nothing",
        connection: asNosudo,
        onHost: sudoers('nosudo ALL=(ALL) NOPASSWD: ALL\nDefaults:nosudo secure_path="/nowhere"'),
    },
    {
        name: "sudo with requiretty",
        connection: asNosudo,
        onHost: sudoers("nosudo ALL=(ALL) NOPASSWD: ALL\nDefaults:nosudo requiretty"),
    },
    {
        name: "sudo with requiretty, use_pty and sudoPassword",
        connection: () => ({ ...asNosudo(), sudoPassword: SUDO_PASSWORD }),
        onHost: sudoers("Defaults:nosudo requiretty, use_pty"),
    },
    {
        name: "doas in place of sudo",
        connection: asNosudo,
        onHost: [
            "mv /usr/bin/sudo /usr/bin/sudo.away && echo 'permit nopass nosudo' >/etc/doas.conf && chmod 600 /etc/doas.conf",
            "mv /usr/bin/sudo.away /usr/bin/sudo && rm /etc/doas.conf",
        ],
    },
    {
        name: "doas that asks for a password",
        connection: asNosudo,
        onHost: [
            "mv /usr/bin/sudo /usr/bin/sudo.away && echo 'permit nosudo' >/etc/doas.conf && chmod 600 /etc/doas.conf",
            "mv /usr/bin/sudo.away /usr/bin/sudo && rm /etc/doas.conf",
        ],
        refused: ["sudo", "would need a password for doas"],
    },
    {
        name: "ForceCommand",
        connection: key,
        onHost: sshd("Match User deploy\n ForceCommand echo only backups here"),
        refused: ["login", "ForceCommand in sshd_config"],
    },
    loginShell("nologin", { refused: ["login", "lets it run nothing (nologin)"] }),
    {
        name: "a host that takes the connection and says nothing",
        config: "ProxyCommand %D/silent %h %p",
        connection: () => ({ ...key(), perDialTimeout: 1 }),
        refused: ["unreachable", "no answer within 1 s"],
    },
    {
        name: "a connection that stalls in the handshake",
        config: "ProxyCommand %D/stalling %h %p",
        connection: () => ({ ...key(), perDialTimeout: 1 }),
        refused: ["unreachable", "no answer within 1 s"],
    },
];

function sudoers(rule: string): Way["onHost"] {
    return [
        `printf '%s\\n' '${rule}' >/etc/sudoers.d/z-picky && chmod 440 /etc/sudoers.d/z-picky`,
        "rm /etc/sudoers.d/z-picky",
    ];
}
