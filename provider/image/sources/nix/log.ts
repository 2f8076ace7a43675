import { withoutControls } from "../../../format";

/**
 * Parser of the output of nix with `--log-format internal-json`: a line `@nix {...}` for each event, in the same form since 2.4.
 * The numbers are those of nix's src/libutil/logging.hh.
 */

const BUILD = 105;
const SUBSTITUTE = 108;
const BUILDS = 104;
const LOG_LINES = [101, 107];
const PHASE = 104;
const PROGRESS = 105;
/** Levels of messages: 0 are errors, 1 are warnings. */
const ERROR = 0;

/** Number of last lines to keep of each build. */
const KEPT_LINES = 30;
/** Maximum length of a status message, which is shown in the resource's row. */
const STATUS_CHARACTERS = 120;

/** A position in an error of nix. */
export interface Position {
    /** Path of the file, usually in nix's copy of the flake: `/nix/store/HASH-source/flake.nix`. */
    file: string;
    line: number;
    column: number;
}

export interface NixMessage {
    text: string;
    position?: Position;
    /** Positions in the trace of `--show-trace`, the nearest first. */
    trace: Position[];
}

interface Event {
    action: "start" | "stop" | "result" | "msg";
    id?: number;
    level?: number;
    type?: number;
    fields?: (string | number)[];
    msg?: string;
    raw_msg?: string;
    file?: string | null;
    line?: number | null;
    column?: number | null;
    trace?: Pick<Event, "file" | "line" | "column">[];
}

/** Parses the standard error of one run of nix. */
export class NixLog {
    readonly errors: NixMessage[] = [];
    /** Lines that aren't events: those of a crashed nix, or of a program that nix started. */
    readonly plain: string[] = [];
    /** Running and past builds by the id of their activity. */
    private readonly builds = new Map<number, { drvPath: string; lines: string[] }>();
    private counter: number | undefined;
    private count = "";

    constructor(private readonly onStatus: (text: string) => void = () => {}) {}

    read(line: string): void {
        const event = parse(line);
        if (event === undefined) {
            const text = withoutControls(line).trim();
            if (text !== "") this.plain.push(text);
        } else if (event.action === "msg") this.message(event);
        else if (event.action === "start") this.start(event);
        else if (event.action === "result") this.result(event);
    }

    /** The failed build with its last lines: the one in an error, or else the one that was started last. */
    failedBuild(): { drvPath: string; lines: string[] } | undefined {
        const builds = [...this.builds.values()];
        for (const { text } of this.errors) {
            const named = builds.find(({ drvPath }) => text.includes(drvPath));
            if (named !== undefined) return named;
        }
        return builds.at(-1);
    }

    private message({ level, msg, raw_msg: raw, trace = [], ...place }: Event): void {
        if (level !== ERROR) return;
        // `msg` also has a prefix and excerpts of files, so `raw_msg` is preferred.
        const text = withoutControls(raw ?? msg ?? "").trim();
        // Warnings and advice on nix's options have this level, too.
        if (raw === undefined && !text.startsWith("error:")) return;
        const position = positionOf(place);
        const positions = trace.map(positionOf).filter((position) => position !== undefined);
        this.errors.push({ text, ...(position && { position }), trace: positions });
    }

    private start({ id = 0, type, fields = [] }: Event): void {
        const subject = String(fields[0] ?? "");
        if (type === BUILD) {
            this.builds.set(id, { drvPath: subject, lines: [] });
            this.status(`building ${storeName(subject)}`);
        } else if (type === SUBSTITUTE) this.status(`fetching ${storeName(subject)}`);
        else if (type === BUILDS) this.counter = id;
    }

    private result({ id = 0, type, fields = [] }: Event): void {
        const build = this.builds.get(id);
        if (type === PROGRESS && id === this.counter) {
            const [done, expected] = fields as number[];
            this.count = expected !== undefined && expected > 1 ? `${done} of ${expected} built, ` : "";
        }
        if (build === undefined) return;
        const text = withoutControls(String(fields[0] ?? "")).trim();
        if (type === PHASE) this.status(`building ${storeName(build.drvPath)}: ${text}`);
        if (!LOG_LINES.includes(type ?? 0) || text === "") return;
        build.lines.push(text);
        if (build.lines.length > KEPT_LINES) build.lines.shift();
        this.status(`building ${storeName(build.drvPath)}: ${text}`);
    }

    private status(text: string): void {
        const line = this.count + text;
        this.onStatus(line.length > STATUS_CHARACTERS ? `${line.slice(0, STATUS_CHARACTERS - 3)}...` : line);
    }
}

function parse(line: string): Event | undefined {
    if (!line.startsWith("@nix ")) return undefined;
    try {
        return JSON.parse(line.slice("@nix ".length)) as Event;
    } catch {
        return undefined;
    }
}

/** The position in an event. Later versions of nix also write it into `file`: `flake.nix:3:5`. */
function positionOf({ file, line, column }: Pick<Event, "file" | "line" | "column">): Position | undefined {
    if (typeof file !== "string" || typeof line !== "number" || typeof column !== "number") return undefined;
    const path = file.replace(/:\d+:\d+$/, "");
    return /^(\/|\u00ab.*\u00bb\/)/.test(path) ? { file: path, line, column } : undefined;
}

/** The name in a store path: `hello-1.0` of `/nix/store/HASH-hello-1.0.drv`. */
export function storeName(storePath: string): string {
    return storePath.replace(/^.*\/[a-z0-9]{32}-/, "").replace(/\.drv$/, "");
}
