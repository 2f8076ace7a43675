import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Engine, Operation, OperationOptions, Project, Result, Running } from "./engine";
import type { EngineEvent, StepMetadata } from "./events";
import type { DetailedDiff } from "./stand-in/provider";

/** A command of an engine. */
export interface Command {
    command: string;
    args: string[];
    cwd: string;
    env: NodeJS.ProcessEnv;
    /** Standard input, for values that mustn't be in the process list. */
    input?: string;
}

/** Runs a command and returns its output. Throws an error with the output if the exit status isn't 0. */
export async function output(command: Command): Promise<string> {
    const { code, text } = await collect(spawnCommand(command));
    if (code !== 0) throw new Error(`${command.command} ${command.args.join(" ")}: exit code ${code}\n${text}`);
    return text;
}

/** Starts an engine on a project. `command` gets a file, to which the engine must append its events. */
export function startEngine(command: (eventLog: string) => Command): Running {
    const directory = mkdtempSync(join(tmpdir(), "engine-"));
    const eventLog = join(directory, "events.jsonl");
    const child = spawnCommand(command(eventLog));
    const result = collect(child).then(({ code, text }): Result => {
        const lines = existsSync(eventLog) ? readFileSync(eventLog, "utf8").split("\n") : [];
        rmSync(directory, { recursive: true });
        // The last line of a killed engine can be incomplete.
        const whole = lines.filter((line) => line.endsWith("}"));
        return { code, stdout: text, ...digest(whole.map((line) => JSON.parse(line) as EngineEvent)) };
    });
    return { pid: child.pid as number, result, kill: () => child.kill("SIGKILL") };
}

/** The operations of an engine as methods, made from its `start`. */
export function operations(start: Engine["start"]): Pick<Engine, Operation | "start"> {
    const run = (operation: Operation) => async (project: Project, options?: OperationOptions) =>
        (await start(operation, project, options)).result;
    return { start, preview: run("preview"), up: run("up"), refresh: run("refresh"), destroy: run("destroy") };
}

function spawnCommand({ command, args, cwd, env, input }: Command) {
    const child = spawn(command, args, { cwd, env, stdio: ["pipe", "pipe", "pipe"] });
    child.stdin.end(input ?? "");
    return child;
}

async function collect(child: ReturnType<typeof spawnCommand>): Promise<{ code?: number; text: string }> {
    let text = "";
    const add = (part: Buffer) => {
        text += part;
    };
    child.stdout.on("data", add);
    child.stderr.on("data", add);
    // "exit" rather than "close", as children that live longer may keep the pipes open.
    const code = await new Promise<number | null>((resolve, reject) => {
        child.once("error", reject);
        child.once("exit", (code, signal) => (signal ? resolve(null) : child.once("close", () => resolve(code))));
    });
    return { code: code ?? undefined, text };
}

function digest(events: EngineEvent[]): Omit<Result, "code" | "stdout"> {
    const step = ({ op, urn, detailedDiff }: StepMetadata) => ({
        op,
        urn,
        ...(Object.keys(detailedDiff ?? {}).length > 0 ? { detailedDiff: detailedDiff as DetailedDiff } : {}),
    });
    const isDefaultProvider = (urn: string) => /::pulumi:providers:[^:]+::default/.test(urn);
    const steps = events.flatMap(({ resOutputsEvent, resOpFailedEvent }) => [
        ...(resOutputsEvent ? [step(resOutputsEvent.metadata)] : []),
        ...(resOpFailedEvent ? [{ ...step(resOpFailedEvent.metadata), failed: true }] : []),
    ]);
    const stacks = events.flatMap(({ resOutputsEvent }) =>
        resOutputsEvent?.metadata.type === "pulumi:pulumi:Stack" ? [resOutputsEvent.metadata] : [],
    );
    const shown = steps.filter(({ urn }) => !isDefaultProvider(urn));
    const texts = shown.map((one) => JSON.stringify(one));
    return {
        // A preview of the CLI reports a component twice: at its registration and with its outputs.
        steps: shown.filter((_, index) => texts.lastIndexOf(texts[index] as string) === index),
        summary: events.findLast(({ summaryEvent }) => summaryEvent)?.summaryEvent?.resourceChanges ?? {},
        outputs: stacks.at(-1)?.new?.outputs ?? {},
        resourceOutputs: Object.fromEntries(
            events.flatMap(({ resOutputsEvent }) => {
                const made = resOutputsEvent?.metadata.new;
                return made ? [[made.urn, made.outputs] as const] : [];
            }),
        ),
        diagnostics: events.flatMap(({ diagnosticEvent }) => {
            if (!diagnosticEvent || diagnosticEvent.ephemeral || diagnosticEvent.severity === "debug") return [];
            const { urn, severity, message } = diagnosticEvent;
            return [{ ...(urn ? { urn } : {}), severity, message: message.trim() }];
        }),
    };
}
