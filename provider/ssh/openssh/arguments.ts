import { environment } from "../../environment";
import { sh } from "../../host/shell";
import type { Login } from "../login/login";
import { configFile, NO_FORK } from "../login/ssh-config";
import { HOST_KEY_ALIAS, type PrivateFiles } from "./private-files";

/** Writes its PID to the file that is its first argument, and becomes the command in the other arguments. */
const NOTE_PID = 'echo $$ >"$0"; exec "$@"';

/** Environment of an ssh whose prompts may have to be answered. */
export function askpassEnvironment(login: Login, files: PrivateFiles): Record<string, string> {
    const { passphrase, password } = login.credentials;
    if (passphrase === undefined && password === undefined) return {};
    // ssh before 8.4 doesn't support SSH_ASKPASS_REQUIRE, and needs DISPLAY instead.
    return { SSH_ASKPASS: files.askpass, SSH_ASKPASS_REQUIRE: "force", DISPLAY: environment().DISPLAY ?? ":0" };
}

/**
 * Arguments of ssh for a login, with the host at the end. They take precedence over ~/.ssh/config, which ssh reads by itself.
 * Settings are passed as options rather than in a file, since ssh uses the file of -F for jump hosts of ProxyJump, too, but
 * options only for this host.
 */
export function sshArguments(
    login: Login,
    files: PrivateFiles,
    jump?: { login: Login; files: PrivateFiles },
): string[] {
    const file = configFile();
    const options = [
        ...connectionOptions(login),
        ...hostKeyOptions(login, files),
        ...credentialOptions(login, files),
        ...(jump === undefined ? [] : [`ProxyCommand=${jumpCommand(jump.login, jump.files)}`]),
    ];
    return [
        ...(file === undefined ? [] : ["-F", file]),
        "-T",
        "-l",
        login.user,
        "-p",
        String(login.port),
        ...options.flatMap((option) => ["-o", option]),
        "--",
        login.name,
    ];
}

function connectionOptions(login: Login): string[] {
    return [
        `ConnectTimeout=${login.dialTimeoutSeconds || "none"}`,
        "ConnectionAttempts=1",
        "ServerAliveInterval=10",
        "ServerAliveCountMax=3",
        // Settings for the user's own sessions that a deployment must not use.
        "ClearAllForwardings=yes",
        "ForwardAgent=no",
        "ForwardX11=no",
        "PermitLocalCommand=no",
        "RequestTTY=no",
        "RemoteCommand=none",
        "Tunnel=no",
        "UpdateHostKeys=no",
        "AddKeysToAgent=no",
        "EscapeChar=none",
        ...(login.forks ? [NO_FORK] : []),
    ];
}

function hostKeyOptions({ hostKey }: Login, files: PrivateFiles): string[] {
    if (hostKey.ignore)
        return ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "GlobalKnownHostsFile=/dev/null"];
    // As with the built-in client, no setting of ~/.ssh/config allows an unknown key.
    const strict = "StrictHostKeyChecking=yes";
    if (hostKey.hostKey === undefined) return [strict];
    // hostKey is a plain key, so a host that also has a certificate must send the plain key.
    const plain = "HostKeyAlgorithms=-*-cert-v01@openssh.com";
    const alias = [strict, plain, `HostKeyAlias=${HOST_KEY_ALIAS}`, "GlobalKnownHostsFile=/dev/null", "CheckHostIP=no"];
    return hostKey.hostKey.startsWith("SHA256:")
        ? [...alias, "UserKnownHostsFile=/dev/null", `KnownHostsCommand=${quoted(files.knownHostsCommand)} %t %K %f`]
        : [...alias, `UserKnownHostsFile=${quoted(files.knownHosts)}`];
}

function credentialOptions({ credentials }: Login, files: PrivateFiles): string[] {
    const { privateKey, passphrase, password, agent, isAgentGiven } = credentials;
    const hasOwn = privateKey !== undefined || isAgentGiven;
    const keys = privateKey === undefined ? [] : [`IdentityFile=${quoted(files.identity)}`, "IdentitiesOnly=yes"];
    const ownAgent = isAgentGiven && agent !== undefined ? [`IdentityAgent=${quoted(agent)}`] : [];
    const noAgent = privateKey !== undefined && !isAgentGiven ? ["IdentityAgent=none"] : [];
    const prompts =
        password !== undefined
            ? [
                  "BatchMode=no",
                  "NumberOfPasswordPrompts=1",
                  // A declared password is tried before keys that weren't declared.
                  ...(hasOwn
                      ? []
                      : ["PreferredAuthentications=password,keyboard-interactive,gssapi-with-mic,hostbased,publickey"]),
              ]
            : passphrase !== undefined
              ? ["BatchMode=no", "PasswordAuthentication=no", "KbdInteractiveAuthentication=no"]
              : ["BatchMode=yes"];
    return [...keys, ...ownAgent, ...noAgent, ...prompts];
}

/** Command of another ssh that logs in to the jump host and connects its standard streams to the host behind it. */
function jumpCommand(login: Login, files: PrivateFiles): string {
    const environment = Object.entries(askpassEnvironment(login, files)).map(([name, value]) => `${name}=${value}`);
    // The user's control socket was opened with other credentials, and maybe without a check of this host key.
    const args = ["-o", "ControlMaster=no", "-o", "ControlPath=none", ...sshArguments(login, files)];
    const words = ["-W", "[%h]:%p", ...args].map((word, index) => (index === 1 ? word : word.replaceAll("%", "%%")));
    const noted = ["/bin/sh", "-c", NOTE_PID, files.pid.replaceAll("%", "%%")];
    return sh`${[...noted, "env", ...environment, "ssh", ...words]}`.text;
}

/** Quotes a path for ssh_config(5), in which tokens begin with `%`. */
function quoted(path: string): string {
    return `"${path.replaceAll("%", "%%")}"`;
}
