import { quoteWord } from "../../../systemd/unit-file";
import type { Tree } from "../../tree/tree";
import type { RunConfiguration } from "./image";

/** Raised when the unit of the same configuration is another text. */
export const OCI_UNIT_VERSION = 1;

/** Where a container looks for a program when its image has no PATH. */
const SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const LAST_PRIVILEGED_PORT = 1023;

export interface OciUnit {
    text: string;
    /** Sentences: what a container would have, and a portable service hasn't. */
    warnings: string[];
}

/** The service that runs what a container of the image would; undefined when that says no program. */
export function unitOf(run: RunConfiguration, name: string, tree: Tree): OciUnit | undefined {
    const [program, ...args] = [...(run.Entrypoint ?? []), ...(run.Cmd ?? [])];
    if (program === undefined) return undefined;
    const environment = (run.Env ?? []).filter((each) => /^[A-Za-z_][A-Za-z0-9_]*=/.test(each) && !each.includes("\0"));
    const searched = environment.find((each) => each.startsWith("PATH="))?.slice("PATH=".length) ?? SEARCH_PATH;
    const workingDirectory = workingDirectoryOf(run);
    const path = programPath(program, searched, workingDirectory, tree);
    const signal = run.StopSignal?.trim();
    const user = run.User?.trim() ?? "";
    const exposed = Object.keys(run.ExposedPorts ?? {}).sort();
    const volumes = Object.keys(run.Volumes ?? {}).sort();

    const lines = [
        "[Unit]",
        `Description=${name}, made from a container image`,
        "After=network.target",
        "",
        "[Service]",
        "Type=exec",
        ...(exposed.length === 0 ? [] : [`# The image exposes ${exposed.join(", ")}.`]),
        ...(volumes.length === 0 ? [] : [`# The image has volumes: ${volumes.join(", ")}.`]),
        ...(user === "" ? [] : [`# In a container it runs as ${user.replace(/\s/g, " ")}.`]),
        `ExecStart=${[path, ...args].map(argument).join(" ")}`,
        ...(workingDirectory === "/" ? [] : [`WorkingDirectory=${workingDirectory.replaceAll("%", "%%")}`]),
        ...environment.map((each) => `Environment=${quoteWord(each.replaceAll("%", "%%"))}`),
        ...(signal === undefined || signal === ""
            ? []
            : [`KillSignal=${/^\d+$/.test(signal) ? signal : signalName(signal)}`]),
        "DynamicUser=yes",
        "",
        "[Install]",
        "WantedBy=multi-user.target",
        "",
    ];
    return { text: lines.join("\n"), warnings: warningsOf(exposed, volumes) };
}

/** WORKDIR, absolute. */
export function workingDirectoryOf({ WorkingDir }: RunConfiguration): string {
    const steps = (WorkingDir ?? "").split("/").filter((step) => step !== "" && step !== ".");
    return `/${steps.join("/")}`;
}

/** One word of a command line: neither specifiers nor variables are expanded (systemd.service(5)). */
function argument(word: string): string {
    const literal = word.replaceAll("%", "%%").replaceAll("$", () => "$$");
    return /^[A-Za-z0-9_@%+=:,./$-]+$/.test(literal) ? literal : quoteWord(literal);
}

/** systemd searches its own directories, not those of PATH=: so the path is told where the image shows it. */
function programPath(program: string, searched: string, workingDirectory: string, tree: Tree): string {
    if (program.startsWith("/")) return program;
    if (program.includes("/"))
        return `${workingDirectory === "/" ? "" : workingDirectory}/${program.replace(/^\.\//, "")}`;
    for (const directory of searched.split(":").filter((each) => each.startsWith("/"))) {
        const candidate = `${directory.replace(/\/+$/, "")}/${program}`;
        if (tree.lookup(candidate)?.entry?.kind === "file") return candidate;
    }
    return program;
}

function signalName(signal: string): string {
    const name = signal.toUpperCase();
    return name.startsWith("SIG") ? name : `SIG${name}`;
}

function warningsOf(exposed: readonly string[], volumes: readonly string[]): string[] {
    const low = exposed.filter((each) => Number.parseInt(each, 10) <= LAST_PRIVILEGED_PORT);
    return [
        ...(low.length === 0
            ? []
            : [
                  `The container image exposes ${low.join(", ")}: under the default profile a service can't bind ports up to ${LAST_PRIVILEGED_PORT}. Let it listen on another port, or give \`units\` with a socket.`,
              ]),
        ...(volumes.length === 0
            ? []
            : [
                  `The container image has volumes: ${volumes.join(", ")}. The image of a portable service is read-only: give \`units\` with StateDirectory= or BindPaths= where it writes.`,
              ]),
    ];
}
