import type { Diagnostic, Op, StepMetadata } from "../../events";
import { type DisplayOptions, SIGN } from "./display";

/** The row of one resource. */
export interface Row {
    step: StepMetadata;
    phase: "begun" | "done" | "failed";
    startedMs: number;
    seconds?: number;
    /** The latest message about the resource. */
    info: string;
}

const REDRAW_MS = 200;
const GERUND: Record<Op, string> = {
    same: "",
    create: "creating",
    update: "updating",
    delete: "deleting",
    replace: "replacing",
    "create-replacement": "creating replacement",
    "delete-replaced": "deleting original",
    refresh: "refreshing",
};
const PAST: Record<Op, string> = {
    same: "",
    create: "created",
    update: "updated",
    delete: "deleted",
    replace: "replaced",
    "create-replacement": "created replacement",
    "delete-replaced": "replaced, original deleted",
    refresh: "refreshed",
};

/** A row for each resource, redrawn in place on a terminal; else a line for each event. */
export class Rows {
    private readonly rows = new Map<string, Row>();
    private drawn = 0;
    private readonly timer?: NodeJS.Timeout;

    constructor(
        private readonly options: DisplayOptions,
        private readonly paint: (text: string) => string,
    ) {
        if (options.interactive && !options.diff) this.timer = setInterval(() => this.draw(), REDRAW_MS);
    }

    step(step: StepMetadata, phase: Row["phase"]) {
        const { urn, op } = step;
        const row = this.rows.get(urn) ?? { step, phase, startedMs: Date.now(), info: "" };
        this.rows.set(urn, row);
        const quiet = op === "same" && row.step.op === "same";
        if (phase === "begun") Object.assign(row, { startedMs: Date.now(), info: "" });
        else row.seconds = (Date.now() - row.startedMs) / 1000;
        Object.assign(row, { step, phase });
        // A preview has no progress, so each resource is printed once, and a component before its children.
        const component = (step.new ?? step.old)?.custom === false;
        const late = this.options.operation === "preview" && (phase === "begun") !== component;
        if (!this.options.interactive && !quiet && !late) {
            this.options.write(`${this.paint(this.text(row).trimEnd())}\n`);
        }
    }

    /** Shows a message in the row of its resource until the next one. */
    status(urn: string, { severity, message, ephemeral }: Diagnostic) {
        const row = this.rows.get(urn);
        if (row === undefined) return;
        const [first = ""] = message.trim().split("\n");
        row.info = severity.startsWith("info") ? first : `${severity}: ${first}`;
        const last = row.phase === "begun" && (ephemeral || severity === "warning");
        if (!this.options.interactive && last) this.options.write(`${this.paint(this.text(row))}\n`);
    }

    close() {
        clearInterval(this.timer);
        if (this.options.diff) return;
        if (this.options.interactive) this.draw();
        this.options.write("\n");
    }

    private draw() {
        const width = process.stdout.columns || 100;
        const lines = [...this.rows.values()].map((row) => this.paint(this.text(row).slice(0, width - 1)));
        this.options.write(
            `${this.drawn > 0 ? `\x1b[${this.drawn}A` : ""}\x1b[J${lines.map((line) => `${line}\n`).join("")}`,
        );
        this.drawn = lines.length;
    }

    private text({ step, phase, startedMs, seconds, info }: Row): string {
        const { urn, type, op, parent } = { parent: step.new?.parent ?? step.old?.parent, ...step };
        const name = urn.slice(urn.lastIndexOf("::") + 2);
        const depth = parent && this.rows.has(parent) ? "  " : "";
        return ` ${SIGN[op]}  ${`${depth}${type}`.padEnd(34)} ${name.padEnd(16)} ${this.state(op, phase, seconds ?? (Date.now() - startedMs) / 1000)}${changed(step)}${info ? `  ${info}` : ""}`;
    }

    private state(op: Op, phase: Row["phase"], seconds: number): string {
        if (this.options.operation === "preview") return phase === "failed" ? `${op} failed` : op === "same" ? "" : op;
        const time = op === "same" ? "" : ` (${seconds.toFixed(1)}s)`;
        if (phase === "failed") return `${GERUND[op] || "update"} failed${time}`;
        return `${phase === "begun" ? GERUND[op] : PAST[op]}${time}`;
    }
}

function changed({ op, diffs }: StepMetadata): string {
    return diffs && diffs.length > 0 && op !== "same" ? ` [diff: ~${diffs.join(",~")}]` : "";
}
