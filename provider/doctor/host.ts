import { problemText, UserError } from "../errors";
import type { Connection } from "../host/connection";
import { hostFacts, missingForPortable } from "../host/facts";
import type { Host } from "../host/host";
import { perform } from "../host/perform";
import { inspectWholeHost } from "../host/program";
import type { Reported } from "../host/report";
import doctorText from "../host/sh/doctor.sh";
import { joinShell, type Shell, shellFile } from "../host/shell";
import type { Finding } from "./finding";
import { installCommand } from "./packages";

/** Connects to a host by its login. */
export type Connect = (connection: Connection) => Promise<Host>;

const inspection: Shell = joinShell([inspectWholeHost, shellFile(doctorText)]);
/** Enough for an image of a program with its libraries. */
const ROOM_MEGABYTES = 200;

/** Parses a destination `[ssh://][user@]host[:port]`. */
export function connectionOf(destination: string): Connection {
    const [, user, host, bracketed, port] =
        /^(?:ssh:\/\/)?(?:([^@/]+)@)?(?:([^@:/[\]]+)|\[([^\]]+)\])(?::(\d+))?\/?$/.exec(destination) ?? [];
    const name = host ?? bracketed ?? (/^[\da-f:]+$/i.test(destination) ? destination : undefined);
    if (name === undefined)
        throw new UserError({
            what: `"${destination}" names no host`,
            todo: "Write it as [user@]host[:port], with a name from ~/.ssh/config or an address",
        });
    // Makes only one attempt, since the user is waiting.
    return { host: name, user, port: port === undefined ? undefined : Number(port), dialErrorLimit: 1 };
}

/** Lists what is present and what is missing on a host. Changes nothing. */
export async function hostFindings(destination: string, connect: Connect): Promise<Finding[]> {
    try {
        const host = await connect(connectionOf(destination));
        const context = { signal: AbortSignal.timeout(60_000), status: () => {} };
        const reported = await perform(context, host, () => inspection);
        const login = host.isRoot ? "log in, as root" : "log in, and become root by sudo";
        return [
            { state: "ok", what: login },
            ...systemFindings(reported),
            ...toolFindings(reported),
            roomFinding(reported),
        ];
    } catch (error) {
        if (!(error instanceof UserError)) throw error;
        // The report has the host's name as its title, and there are no properties.
        const { what, todo, reported } = error.problem;
        return [{ state: "missing", what: problemText({ what, reported }), todo }];
    }
}

function systemFindings(reported: Reported): Finding[] {
    const facts = hostFacts(reported);
    const missing = missingForPortable(facts);
    const profiles = [...new Set(reported.all("profile"))].sort();
    const system: Finding = {
        state: "ok",
        what: `systemd ${facts.systemdVersion}, ${facts.os[0] ?? "unknown system"}`,
    };
    if (missing.length > 0)
        return [system, ...missing.map(({ what, todo }): Finding => ({ state: "missing", what, todo }))];
    return [system, { state: "ok", what: `portablectl, with the profiles ${profiles.join(", ")}` }];
}

function toolFindings(reported: Reported): Finding[] {
    const { os } = hostFacts(reported);
    return reported.all("lacks").map((tool) => ({
        state: "missing",
        what: `the program ${tool}`,
        todo: installCommand(
            tool === "flock" || tool === "findmnt"
                ? { apt: "util-linux", dnf: "util-linux", zypper: "util-linux", pacman: "util-linux" }
                : { apt: "coreutils", dnf: "coreutils", zypper: "coreutils", pacman: "coreutils" },
            os,
        ),
    }));
}

function roomFinding(reported: Reported): Finding {
    const megabytes = Math.floor(Number(reported.one("room") ?? 0) / 1024);
    return megabytes >= ROOM_MEGABYTES
        ? { state: "ok", what: `${megabytes} MB free for images in /var/lib` }
        : {
              state: "missing",
              what: `room for images: ${megabytes} MB are free in /var/lib`,
              todo: "Free some space there",
          };
}
