import type { EngineEvent } from "../events";
import { deleteResources } from "./delete";
import { Deployment } from "./deployment";
import { serveMonitor } from "./monitor";
import { ERROR_ALREADY_SHOWN, startProgram } from "./program";
import type { ProjectFile } from "./project-file";
import { ProviderRegistry } from "./provider-registry";
import { refreshResources } from "./refresh";
import { State } from "./state";
import { makeSecret, type Properties } from "./values";

export type Operation = "preview" | "up" | "refresh" | "destroy";

export interface RunOptions {
    project: ProjectFile;
    stack: string;
    stateFile: string;
    /** Refresh the state before a preview or an update. */
    refresh: boolean;
    /** Configuration by full key, `project:key`. */
    config: Record<string, string>;
    secretConfig: Record<string, string>;
    emit(event: EngineEvent): void;
    /** Called with a function that cancels all running operations. */
    onStart(cancel: () => void): void;
}

/** Runs one operation on a stack. Resolves to whether it succeeded; errors are emitted as events. */
export async function run(operation: Operation, options: RunOptions): Promise<boolean> {
    const started = Date.now();
    const { project, stack } = options;
    const preview = operation === "preview";
    const state = State.load(options.stateFile);
    const secrets = Object.entries(options.secretConfig).map(([key, value]) => [key, makeSecret(value)]);
    let address = "";
    const deployment = new Deployment({
        project: project.name,
        stack,
        programDirectory: project.programDirectory,
        preview,
        state,
        config: { ...options.config, ...(Object.fromEntries(secrets) as Properties) },
        monitorAddress: () => address,
        emit: options.emit,
    });
    const monitor = await serveMonitor(deployment);
    address = monitor.address;
    const providers = new ProviderRegistry(project.plugins, monitor.address, project.programDirectory, preview);
    deployment.providers = providers;
    options.onStart(() => {
        deployment.error(undefined, `${operation} cancelled`);
        deployment.stop();
        void providers.cancel();
    });
    try {
        if (!preview && operation !== "refresh") warnOfAbandoned(deployment);
        if (operation === "refresh") await refreshResources(deployment, true);
        else if (operation === "destroy") await deleteResources(deployment, state.resources);
        else {
            if (options.refresh) await refreshResources(deployment, false);
            if (!deployment.failed) await update(deployment, options, monitor.address);
        }
    } catch (error) {
        deployment.error(undefined, (error as Error).message);
    } finally {
        await deployment.settled();
        await providers.close();
        monitor.close();
    }
    if (!preview) state.save();
    const reported = operation === "preview" ? "preview" : "update";
    if (deployment.failed) deployment.error(undefined, `${reported} failed`);
    options.emit({
        summaryEvent: {
            resourceChanges: deployment.changes,
            durationSeconds: Math.round((Date.now() - started) / 1000),
            isPreview: preview,
            result: deployment.failed ? "failed" : "succeeded",
        },
    });
    return !deployment.failed;
}

/** Runs the program and its steps, then deletes resources that it didn't register or that were replaced. */
async function update(deployment: Deployment, options: RunOptions, address: string) {
    const { preview, state } = deployment.options;
    const before = state.resources;
    deployment.begin();
    const program = startProgram({
        project: options.project,
        stack: options.stack,
        address,
        preview,
        config: { ...options.config, ...options.secretConfig },
        secretKeys: Object.keys(options.secretConfig),
        print: (line, stream) =>
            deployment.log({
                urn: deployment.stackUrn,
                severity: stream === "stdout" ? "info" : "info#err",
                message: `${line}\n`,
            }),
    });
    const code = await Promise.race([program.ended, deployment.ended.then(() => "ended" as const)]);
    await deployment.settled();
    if (code === "ended") {
        program.child.kill("SIGKILL");
        await program.ended;
    } else if (code !== 0) {
        if (code === ERROR_ALREADY_SHOWN) deployment.failed = true;
        else deployment.error(undefined, `the program ended with exit code ${code}`);
    }
    if (!deployment.failed) {
        const doomed = before.filter((old) => old.delete || !deployment.visited.has(old.urn));
        await deleteResources(deployment, doomed);
    }
    const outputs = deployment.outputs.get(deployment.stackUrn);
    const old = before.find((resource) => resource.urn === deployment.stackUrn)?.outputs;
    // A program that failed may not have registered all of its outputs.
    if (outputs) deployment.settleOutputs(deployment.stackUrn, deployment.failed ? { ...old, ...outputs } : outputs);
}

function warnOfAbandoned(deployment: Deployment) {
    const abandoned = deployment.options.state.abandonedOperations;
    if (abandoned.length === 0) return;
    const list = abandoned.map(({ resource, type }) => `  * ${resource.urn}, interrupted while ${type}`);
    const message = `Attempting to deploy or update resources with ${abandoned.length} pending operations from previous deployment.\n${list.join("\n")}\nThese resources are in an unknown state because the engine was interrupted while waiting for changes to these resources to complete.`;
    deployment.log({ urn: deployment.stackUrn, severity: "warning", message });
}
