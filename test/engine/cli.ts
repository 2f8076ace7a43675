import { appendFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { SIGNATURE, SIGNATURE_KEY } from "../../provider/protocol/wire";
import { Display } from "./stand-in/display/display";
import { exportState } from "./stand-in/export";
import { type Operation, run } from "./stand-in/operations";
import { readProject } from "./stand-in/project-file";
import { State } from "./stand-in/state";
import { isSecret, mapValues, type Value } from "./stand-in/values";

const USAGE = `Usage: node --require tsx/cjs test/engine/cli.ts COMMAND [options]

The stand-in engine runs a Pulumi Node program where the pulumi CLI can't be had.

Commands:
  preview, up, refresh, destroy
  export               print the state, in the form that \`pulumi stack import\` takes;
                       its secrets need $PULUMI_CONFIG_PASSPHRASE

Options:
  --cwd DIR            where Pulumi.yaml is (default: here)
  --stack NAME         (default: dev)
  --diff               show each change in full
  --refresh            read what there is before a preview or an update
  --config KEY=VALUE   a configuration value, besides those of Pulumi.yaml and Pulumi.NAME.yaml
  --state FILE         (default: DIR/.cache/stand-in/NAME.json)
  --event-log FILE     append events to a file, as the pulumi CLI writes them
$STAND_IN_SECRET_CONFIG, a JSON object, adds secret configuration values.`;

const OPERATIONS: Operation[] = ["preview", "up", "refresh", "destroy"];

async function main(): Promise<number> {
    const { positionals, values } = parseArgs({
        allowPositionals: true,
        options: {
            cwd: { type: "string", default: "." },
            stack: { type: "string", default: "dev" },
            diff: { type: "boolean", default: false },
            refresh: { type: "boolean", default: false },
            config: { type: "string", multiple: true, default: [] },
            state: { type: "string" },
            "event-log": { type: "string" },
            help: { type: "boolean", default: false },
        },
    });
    const [command = ""] = positionals;
    const { stack, diff, refresh } = values;
    const stateFile = resolve(values.state ?? resolve(values.cwd, ".cache", "stand-in", `${stack}.json`));
    if (values.help) {
        process.stdout.write(`${USAGE}\n`);
        return 0;
    }
    if (command === "export") {
        process.stdout.write(`${exportState(State.load(stateFile), process.env.PULUMI_CONFIG_PASSPHRASE)}\n`);
        return 0;
    }
    const operation = OPERATIONS.find((name) => name === command);
    if (operation === undefined) {
        process.stderr.write(`${USAGE}\n`);
        return 2;
    }
    const project = readProject(values.cwd, stack);
    const keyed = (config: Record<string, string>) =>
        Object.fromEntries(
            Object.entries(config).map(([key, value]) => [key.includes(":") ? key : `${project.name}:${key}`, value]),
        );
    const pairs = values.config.map((pair) => [pair.split("=", 1)[0] as string, pair.slice(pair.indexOf("=") + 1)]);
    const interactive = process.stdout.isTTY === true && !process.env.NO_COLOR;
    const display = new Display({ operation, stack, diff, interactive, write: (text) => process.stdout.write(text) });
    let interrupts = 0;
    const succeeded = await run(operation, {
        project,
        stack,
        stateFile,
        refresh,
        config: { ...project.config, ...keyed(Object.fromEntries(pairs)) },
        secretConfig: keyed(JSON.parse(process.env.STAND_IN_SECRET_CONFIG ?? "{}")),
        emit: (event) => {
            display.handle(event);
            if (values["event-log"]) appendFileSync(values["event-log"], `${JSON.stringify(masked(event as Value))}\n`);
        },
        onStart: (cancel) =>
            process.on("SIGINT", () => {
                interrupts += 1;
                // A second SIGINT leaves the running operations as pending in the state.
                if (interrupts > 1) process.exit(1);
                cancel();
            }),
    });
    return succeeded ? 0 : 1;
}

const masked = (event: Value): Value =>
    mapValues(event, (value) =>
        isSecret(value) ? { [SIGNATURE_KEY]: SIGNATURE.secret, ciphertext: "[secret]" } : value,
    );

// A closed pipe mustn't end an operation half way.
process.stdout.on("error", () => {});

main().then(
    (code) => {
        process.exitCode = code;
    },
    (error: Error) => {
        process.stderr.write(`error: ${error.message}\n`);
        process.exitCode = 1;
    },
);
