import { spawnSync } from "node:child_process";
import { ConnectionError } from "../link/connection-error";
import { AS_SSH_KEYGEN, encryptedKey, skippedIdentities } from "../login/key-file";
import { type Login, loginText } from "../login/login";
import { closedEarly, unreachable } from "../login/unreachable";
import { unusableKey } from "../login/unusable-key";
import type { SshLog } from "./ssh-log";

/** Temporary errors of connect(2) in ssh's messages. */
const NOT_CONNECTED =
    /(Connection refused|Connection timed out|Connection reset|No route to host|Network is unreachable|Host is down|Operation timed out)/;

/** Lines of ssh's large warning about a changed host key that don't depend on the case. */
const ALARM =
    /^(@|IT IS POSSIBLE THAT|Someone could be|It is also possible|Please contact your system|\s+(remove with:|ssh-keygen ))/;

/** The error for an ssh that exited before it had logged in. */
export function explain(login: Login, log: SshLog): ConnectionError {
    const sshErrors = log.messages.filter((line) => !ALARM.test(line)).join("\n");
    return (
        aboutSettings(login, sshErrors) ??
        (isAboutJump(login, log) ? aboutJump(login, sshErrors) : undefined) ??
        aboutHostKey(login, log, sshErrors) ??
        aboutLogin(login, log, sshErrors) ??
        aboutConnection(login, sshErrors)
    );
}

function aboutSettings(login: Login, sshErrors: string): ConnectionError | undefined {
    if (/not found|ENOENT/.test(sshErrors) && sshErrors.includes("ssh:"))
        return new ConnectionError("settings", {
            property: "connection.client",
            what: "there is no program ssh on this machine",
            reported: sshErrors,
            todo: "Install the OpenSSH client",
        });
    if (
        !/Bad configuration option|terminating, \d+ bad configuration|Bad owner or permissions|command-line: line/.test(
            sshErrors,
        )
    )
        return undefined;
    return new ConnectionError("settings", {
        what: `ssh refuses the settings for ${login.name}`,
        reported: sshErrors,
        todo: `Try it by hand: ssh ${login.name} true`,
    });
}

/** Whether a jump host or ProxyCommand failed: the stream was closed before this ssh got anything from the host. */
function isAboutJump(login: Login, log: SshLog): boolean {
    return login.route.kind !== "direct" && log.hostKey === undefined;
}

function aboutJump(login: Login, sshErrors: string): ConnectionError {
    const own = sshErrors
        .split("\n")
        .filter((line) => !/^(kex_exchange_identification:|Connection closed by UNKNOWN|banner exchange:)/.test(line))
        .join("\n");
    if (login.route.kind === "command")
        return new ConnectionError("unreachable", {
            what: `the ProxyCommand for ${login.address}:${login.port} gave no connection`,
            reported: own || sshErrors,
            todo: "Try it by hand with ssh -v",
        });
    const jump = login.route.kind === "jump" ? login.route.through : login;
    const through = loginText(jump);
    if (/Host key verification failed|has changed and you|host key is known/.test(own))
        return new ConnectionError("hostKey", {
            what: `the jump host ${jump.address}:${jump.port} shows the host key ${/SHA256:[A-Za-z0-9+/]+/.exec(own)?.[0] ?? ""}, which isn't the known one`,
            reported: own,
            todo: "Log in to the jump host once with ssh, or set connection.proxy with its hostKey",
        });
    if (/Permission denied|Too many authentication failures/.test(own))
        return new ConnectionError("login", {
            what: `the jump host ${through} doesn't let the login in`,
            reported: own,
            todo: "Try it by hand with ssh -v",
        });
    if (/administratively prohibited/.test(own))
        return new ConnectionError("unreachable", {
            what: `the jump host ${through} doesn't allow connections to ${login.address}:${login.port}`,
            reported: own,
            todo: "Set AllowTcpForwarding in its sshd_config",
        });
    // The jump host's answer is in the line before ssh's "stdio forwarding failed".
    const answer = /open failed: (.*)/.exec(own)?.[1] ?? own.split("\n").at(-1);
    const reason = answer?.toLowerCase() || "the connection was closed";
    return unreachable(login, `${reason} (from the jump host ${through})`, true);
}

function aboutHostKey(login: Login, log: SshLog, sshErrors: string): ConnectionError | undefined {
    if (!/Host key verification failed|host key is known|key_verify failed|revoked/i.test(sshErrors)) return undefined;
    const { type = "unknown", fingerprint = "" } = log.hostKey ?? {};
    const address = `${login.address}:${login.port}`;
    const shown = `${address} shows the host key ${fingerprint} (${type})`;
    if (/revoked/i.test(sshErrors))
        return new ConnectionError("hostKey", {
            what: `${shown}, which is revoked`,
            reported: sshErrors,
            todo: "The answer may not come from the host: find out before anything else",
        });
    if (login.hostKey.hostKey !== undefined)
        return new ConnectionError("hostKey", {
            property: "connection.hostKey",
            what: `${shown}, but connection.hostKey is ${login.hostKey.hostKey}`,
            todo: "Either it is another host, or connection.hostKey is out of date",
        });
    const knownLine = /(?:Offending|Found) .*key in (\S+:\d+)/.exec(sshErrors)?.[1];
    if (/IDENTIFICATION HAS CHANGED|DIFFERS|has changed and you/.test(sshErrors))
        return new ConnectionError("hostKey", {
            what: `${shown}, but ${knownLine ?? "known_hosts"} knows another one`,
            reported: sshErrors,
            todo: "Only if the host was really reinstalled, remove the old key (ssh-keygen -R) and add the new one",
        });
    return new ConnectionError("hostKey", {
        what: `${shown}, which isn't known`,
        reported: sshErrors,
        todo: `Compare it with the host's own (there: ssh-keygen -l -f /etc/ssh/ssh_host_ed25519_key.pub); then log in once with ssh, or set connection.hostKey to "${fingerprint}"`,
    });
}

function aboutLogin(login: Login, log: SshLog, sshErrors: string): ConnectionError | undefined {
    if (log.stage === "connecting" && !/Permission denied|Too many authentication failures/.test(sshErrors))
        return undefined;
    if (log.accepted === undefined && !/Permission denied|Too many authentication|Load key/.test(sshErrors))
        return undefined;
    const { credentials } = login;
    if (/^pin required|PKCS#11 login failed/m.test(sshErrors)) return aboutPin(login, sshErrors);
    if (credentials.privateKey !== undefined && /Load key ".*identity": /.test(sshErrors))
        return unusableKey(
            /passphrase/.test(sshErrors)
                ? encryptedKey(credentials.passphrase)
                : { reason: "can't be used by ssh", todo: AS_SSH_KEYGEN },
            sshErrors.replaceAll(/Load key ".*identity": /g, ""),
        );
    // The host accepts the key, but ssh couldn't decrypt it.
    if (credentials.privateKey !== undefined && credentials.passphrase !== undefined && isOwnKey(log.acceptedKey))
        return unusableKey(encryptedKey(credentials.passphrase), sshErrors);
    const skipped = skippedIdentities(credentials);
    const outdated = outdatedCertificates(log.tried);
    const parts = [
        ...outdated,
        log.tried.length > 0 ? `Tried: ${log.tried.join(", ")}` : "There was nothing to try",
        skipped.length > 0 ? `skipped: ${skipped.join(", ")}` : undefined,
        log.accepted === undefined ? undefined : `the host takes: ${log.accepted.join(", ")}`,
    ];
    return new ConnectionError("login", {
        what: `${login.address}:${login.port} doesn't let "${login.user}" log in. ${parts.filter((part) => part !== undefined).join("; ")}`,
        reported: sshErrors,
        todo:
            outdated.length > 0
                ? "Have the key signed again"
                : `Try it by hand (ssh -l ${login.user} ${login.name}), or give connection.privateKey, agentSocketPath or password`,
    });
}

function aboutPin({ address, port, user, credentials }: Login, reported: string): ConnectionError {
    const isWrong = credentials.passphrase !== undefined;
    return new ConnectionError("login", {
        property: isWrong ? "connection.privateKeyPassword" : undefined,
        what: `the token of PKCS11Provider didn't sign the login of "${user}" at ${address}:${port}${isWrong ? ": privateKeyPassword isn't its PIN" : ""}`,
        reported,
        todo: isWrong
            ? "Set the token's PIN; a token locks itself after some wrong ones"
            : "Give its PIN as connection.privateKeyPassword, or load the token into an agent (ssh-add -s)",
    });
}

/** Certificates that have expired or aren't valid yet. ssh offers them nevertheless, and hosts don't say why they refuse them. */
function outdatedCertificates(tried: readonly string[]): string[] {
    return tried.flatMap((text) => {
        const [, file] = /^(\/.*) \(\S+-CERT SHA256:/.exec(text) ?? [];
        if (file === undefined) return [];
        // ssh prints the name of the key for the certificate next to it.
        const certificate = file.endsWith("-cert.pub") ? file : `${file}-cert.pub`;
        const { stdout } = spawnSync("ssh-keygen", ["-L", "-f", certificate], { encoding: "utf8", timeout: 5000 });
        const [, from = "", to = ""] = /^ *Valid: from (\S+) to (\S+)$/m.exec(stdout ?? "") ?? [];
        if (new Date(to).getTime() < Date.now()) return [`The certificate ${certificate} has expired (${to})`];
        return new Date(from).getTime() > Date.now()
            ? [`The certificate ${certificate} isn't valid before ${from}`]
            : [];
    });
}

function isOwnKey(path: string | undefined): boolean {
    return path?.endsWith("/identity") ?? false;
}

function aboutConnection(login: Login, sshErrors: string): ConnectionError {
    const unresolved = /Could not resolve hostname \S+: (.*)/.exec(sshErrors)?.[1];
    if (unresolved !== undefined)
        return new ConnectionError("unreachable", {
            property: "connection.host",
            what: `the name "${login.address}" doesn't resolve to an address (${unresolved})`,
            todo: "Check its spelling, the DNS, or HostName in ~/.ssh/config",
        });
    if (/Unable to negotiate|no matching/.test(sshErrors))
        return new ConnectionError("unreachable", {
            what: `${login.address}:${login.port} has no algorithm in common with ssh`,
            reported: sshErrors,
            todo: "Allow one of them for this host in ~/.ssh/config (KexAlgorithms, HostKeyAlgorithms, Ciphers, MACs)",
        });
    const refused = NOT_CONNECTED.exec(sshErrors)?.[1];
    if (refused !== undefined && !/kex_exchange_identification|Connection closed/.test(sshErrors))
        return unreachable(login, refused.toLowerCase(), true);
    if (/Connection (closed|reset)|kex_exchange_identification|banner/.test(sshErrors)) return closedEarly(login);
    return unreachable(login, sshErrors || "ssh ended without a word", false);
}
