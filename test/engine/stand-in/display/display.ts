import { styleText } from "node:util";
import type { Diagnostic, EngineEvent, Op, StepMetadata } from "../../events";
import type { Operation } from "../operations";
import { changeLines, outputLines } from "./change-text";
import { type Row, Rows } from "./rows";

export interface DisplayOptions {
    operation: Operation;
    stack: string;
    /** Print the details of each change. */
    diff: boolean;
    /** Whether the output is a terminal: rows are then redrawn in place, with colors. */
    interactive: boolean;
    write(text: string): void;
}

export const SIGN: Record<Op, string> = {
    same: "  ",
    create: "+ ",
    update: "~ ",
    delete: "- ",
    replace: "+-",
    "create-replacement": "++",
    "delete-replaced": "--",
    refresh: "~ ",
};
const COLOR = { "+": "green", "~": "yellow", "-": "red" } as const;
const TITLE: Record<Operation, string> = {
    preview: "Previewing update",
    up: "Updating",
    refresh: "Refreshing",
    destroy: "Destroying",
};
const isError = ({ severity }: Diagnostic) => severity === "error";
const nameOf = (urn: string) => urn.slice(urn.lastIndexOf("::") + 2);
const typeOf = (urn: string) => (urn.split("::")[2] ?? "").split("$").at(-1) ?? "";

/** Prints an engine's events as the Pulumi CLI does. */
export class Display {
    private readonly rows: Rows;
    private readonly diagnostics = new Map<string, Diagnostic[]>();
    private stack?: StepMetadata;

    constructor(private readonly options: DisplayOptions) {
        const { operation, stack } = options;
        this.print("The stand-in engine runs this, not the pulumi CLI (its state: `pulumi stack import` takes it).");
        this.print(`${TITLE[operation]} (${stack}):\n`);
        this.rows = new Rows(options, (text) => this.paint(text));
    }

    handle(event: EngineEvent) {
        const { resourcePreEvent, resOutputsEvent, resOpFailedEvent, diagnosticEvent, summaryEvent } = event;
        if (diagnosticEvent) this.diagnose(diagnosticEvent);
        if (resourcePreEvent) this.step(resourcePreEvent.metadata, "begun");
        if (resOutputsEvent) this.step(resOutputsEvent.metadata, "done");
        if (resOpFailedEvent) this.step(resOpFailedEvent.metadata, "failed");
        if (summaryEvent) this.summarize(summaryEvent);
    }

    private step(step: StepMetadata, phase: Row["phase"]) {
        if (step.internal) return;
        if (step.type === "pulumi:pulumi:Stack" && step.new) this.stack = step;
        if (!this.options.diff) return this.rows.step(step, phase);
        // A component's result is only known after its children's, but it is printed before them. The steps of a
        // replacement are printed as one.
        const component = (step.new ?? step.old)?.custom === false && step.op !== "delete";
        const silent = ["same", "create-replacement", "delete-replaced"].includes(step.op);
        if (phase === (component ? "begun" : "done") && !silent)
            this.print(`${[this.header(step), ...changeLines(step).map((line) => `    ${line}`)].join("\n")}\n`);
    }

    private header(step: StepMetadata): string {
        const lines = [`${SIGN[step.op]}${step.type}: ${nameOf(step.urn)} (${step.op})`];
        const id = step.old?.id;
        if (id) lines.push(`      [id=${id}]`);
        return [...lines, `      [urn=${step.urn}]`].join("\n");
    }

    private diagnose(diagnostic: Diagnostic) {
        if (diagnostic.severity === "debug") return;
        const urn = diagnostic.urn ?? "";
        if (!this.options.diff) this.rows.status(urn, diagnostic);
        if (diagnostic.ephemeral) return;
        this.diagnostics.set(urn, [...(this.diagnostics.get(urn) ?? []), diagnostic]);
    }

    private summarize(summary: NonNullable<EngineEvent["summaryEvent"]>) {
        this.rows.close();
        this.diagnosticsText();
        const olds = this.stack?.old?.outputs ?? {};
        const news = this.stack?.new?.outputs ?? {};
        const outputs = this.options.operation === "destroy" ? outputLines(olds, {}) : outputLines(olds, news);
        if (outputs.length > 0 && !(summary.isPreview && summary.result === "failed")) {
            this.print(["Outputs:", ...outputs.map((line) => `  ${line}`), ""].join("\n"));
        }
        const { same = 0, ...changes } = summary.resourceChanges;
        const past = (op: string) => (op === "refresh" ? "refreshed" : op === "replace" ? "replaced" : `${op}d`);
        const counts = Object.entries(changes).map(
            ([op, count]) => `    ${SIGN[op as Op]}${count} ${summary.isPreview ? `to ${op}` : past(op)}`,
        );
        if (same > 0) counts.push(`    ${same} unchanged`);
        const errors = [...this.diagnostics].filter(([urn, list]) => urn !== "" && list.some(isError));
        if (errors.length > 0) counts.push(`    ${errors.length} errored`);
        this.print(["Resources:", ...counts, ""].join("\n"));
        if (!summary.isPreview) this.print(`Duration: ${summary.durationSeconds}s`);
    }

    private diagnosticsText() {
        if (this.diagnostics.size === 0) return;
        const blocks = [...this.diagnostics].map(([urn, list]) => {
            const title = urn === "" ? "  The deployment:" : `  ${typeOf(urn)} (${nameOf(urn)}):`;
            const lines = list.flatMap(({ severity, message }) => {
                const prefix = severity.startsWith("info") ? "" : `${severity}: `;
                return `${prefix}${message.replace(/\n+$/, "")}`.split("\n").map((line) => `    ${line}`);
            });
            return [title, ...lines, ""].join("\n");
        });
        this.print(["Diagnostics:", ...blocks].join("\n"));
    }

    private print(text: string) {
        this.options.write(`${this.paint(text)}\n`);
    }

    /** Colors each line by its first sign, on a terminal. */
    private paint(text: string): string {
        if (!this.options.interactive) return text;
        return text
            .split("\n")
            .map((line) => {
                const sign = /^\s*([+~-])/.exec(line)?.[1] as keyof typeof COLOR | undefined;
                if (sign) return styleText(COLOR[sign], line);
                if (/^\s*error: /.test(line)) return styleText("red", line);
                return /^\s*warning: /.test(line) ? styleText("yellow", line) : line;
            })
            .join("\n");
    }
}
