import { constants } from "node:os";
import type { Sentence } from "../../../errors";
import { execLine, isVariableName, SEARCH_PATH } from "../../../systemd/syntax";
import { quoteWord } from "../../../systemd/unit-sections";
import { nameOf } from "../../tree/paths";
import type { Tree } from "../../tree/tree";
import type { RunConfiguration } from "./image";

/** Bump when the units for a configuration change. */
export const OCI_UNIT_VERSION = 2;

const LAST_PRIVILEGED_PORT = 1023;

export interface OciUnit {
    text: string;
    /** Warnings about settings of a container that a portable service doesn't have. */
    warnings: Sentence[];
}

/** The service that runs the image's program; undefined if the image has no program to run. */
export function unitOf(run: RunConfiguration, name: string, tree: Tree): OciUnit | undefined {
    const [program, ...args] = [...(run.Entrypoint ?? []), ...(run.Cmd ?? [])];
    if (program === undefined) return undefined;
    const environment = (run.Env ?? []).filter(
        (variable) => isVariableName(nameIn(variable)) && variable.includes("=") && !variable.includes("\0"),
    );
    const dropped = (run.Env ?? []).filter((variable) => !environment.includes(variable)).map(nameIn);
    const searched =
        environment
            .find((variable) => variable.startsWith("PATH="))
            ?.slice("PATH=".length)
            .split(":") ?? SEARCH_PATH;
    const workingDirectory = workingDirectoryOf(run);
    const path = programPath(program, searched, workingDirectory, tree);
    const signal = signalOf(run.StopSignal?.trim() ?? "");
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
        ...(exposed.length === 0 ? [] : [`# The image exposes ${oneLine(exposed.join(", "))}.`]),
        ...(volumes.length === 0 ? [] : [`# The image has volumes: ${oneLine(volumes.join(", "))}.`]),
        ...(user === "" ? [] : [`# In a container it runs as ${oneLine(user)}.`]),
        `ExecStart=${execLine([path, ...args])}`,
        ...(workingDirectory === "/" ? [] : [`WorkingDirectory=${workingDirectory.replaceAll("%", "%%")}`]),
        ...environment.map((variable) => `Environment=${quoteWord(variable.replaceAll("%", "%%"))}`),
        ...(signal === "" || signal === undefined ? [] : [`KillSignal=${signal}`]),
        "DynamicUser=yes",
        "",
        "[Install]",
        "WantedBy=multi-user.target",
        "",
    ];
    const warnings = warningsOf(exposed, volumes, dropped);
    if (signal === undefined)
        warnings.push({
            what: `The container image has STOPSIGNAL ${oneLine(run.StopSignal ?? "")}, which is no signal, so the service is stopped with SIGTERM`,
            todo: "Give `units` with KillSignal= if it needs another one",
        });
    if (![undefined, "NONE"].includes(run.Healthcheck?.Test?.[0]))
        warnings.push({
            what: "The container image has a HEALTHCHECK, which nothing runs for a portable service",
            todo: "Give the AttachedService a `health` check",
        });
    return { text: lines.join("\n"), warnings };
}

/** Programs in CMD of base images, whose containers are a shell or a whole system, rather than a service. */
const SHELLS_AND_INITS = ["sh", "bash", "ash", "dash", "init", "systemd"];

/** Whether the configuration has a program to run as a service, which an inherited `CMD ["bash"]` isn't. */
export function namesProgram({ Entrypoint, Cmd }: RunConfiguration): boolean {
    const [program, ...args] = [...(Entrypoint ?? []), ...(Cmd ?? [])];
    if (program === undefined) return false;
    return args.length > 0 || !SHELLS_AND_INITS.includes(nameOf(program));
}

/** WORKDIR as an absolute path. */
export function workingDirectoryOf({ WorkingDir }: RunConfiguration): string {
    const steps = (WorkingDir ?? "").split("/").filter((step) => step !== "" && step !== ".");
    return `/${steps.join("/")}`;
}

/** The name of a variable: `PATH` of `PATH=/usr/bin`. */
function nameIn(variable: string): string {
    return variable.replace(/=.*/s, "");
}

/** The absolute path of a program in the image's PATH, as systemd only searches its own directories. */
function programPath(program: string, searched: readonly string[], workingDirectory: string, tree: Tree): string {
    if (program.startsWith("/")) return program;
    if (program.includes("/"))
        return `${workingDirectory === "/" ? "" : workingDirectory}/${program.replace(/^\.\//, "")}`;
    for (const directory of searched.filter((entry) => entry.startsWith("/"))) {
        const candidate = `${directory.replace(/\/+$/, "")}/${program}`;
        if (tree.lookup(candidate)?.entry?.kind === "file") return candidate;
    }
    return program;
}

/** The signal as systemd names it: `SIGQUIT` of `quit`, or a number; empty for none, undefined for what is no signal. */
function signalOf(signal: string): string | undefined {
    if (signal === "") return "";
    if (/^\d+$/.test(signal)) return Number(signal) >= 1 && Number(signal) <= 64 ? signal : undefined;
    const name = signal.toUpperCase().replace(/^(?!SIG)/, "SIG");
    const isKnown = Object.hasOwn(constants.signals, name) || /^SIGRTM(IN(\+\d+)?|AX(-\d+)?)$/.test(name);
    return isKnown ? name : undefined;
}

/** A text of the image for a comment, which ends with its line. */
function oneLine(text: string): string {
    return text.replace(/[\s\p{Cc}]+/gu, " ");
}

function warningsOf(exposed: readonly string[], volumes: readonly string[], dropped: readonly string[]): Sentence[] {
    const low = exposed.filter((port) => Number.parseInt(port, 10) <= LAST_PRIVILEGED_PORT);
    return [
        ...(dropped.length === 0
            ? []
            : [
                  {
                      what: `The container image sets ${dropped.join(", ")} in ENV: systemd takes NAME=VALUE, and names of letters, digits and _ only, so the service doesn't get ${dropped.length === 1 ? "it" : "them"}`,
                      todo: `Let the program take another name, or set it with \`env\` in ExecStart= of \`units\``,
                  },
              ]),
        ...(low.length === 0
            ? []
            : [
                  {
                      what: `The container image exposes ${low.join(", ")}: under the default profile a service can't bind ports up to ${LAST_PRIVILEGED_PORT}`,
                      todo: `Let it listen on another port, or give \`units\` with a socket`,
                  },
              ]),
        ...(volumes.length === 0
            ? []
            : [
                  {
                      what: `The container image has volumes: ${volumes.join(", ")}`,
                      todo: `The image of a portable service is read-only: give \`units\` with StateDirectory= or BindPaths= where it writes`,
                  },
              ]),
    ];
}
