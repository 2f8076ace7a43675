import type { Goal } from "../engine/stand-in/monitor";
import type { Properties } from "../engine/stand-in/values";

export const STACK = "urn:pulumi:dev::proj::pulumi:pulumi:Stack::proj-dev";

/** An engine that records every registration and answers with made-up outputs. */
export class RecordingEngine {
    readonly goals: Goal[] = [];
    readonly outputs: [string, Properties][] = [];
    readonly warnings: string[] = [];
    refuses = "";
    /** The output `machineId` of each image, by the image's name. */
    machines: Record<string, string> = {};
    /** Registrations that wait for their answers. */
    private waiting: (() => void)[] = [];

    async register(goal: Goal) {
        this.goals.push(goal);
        if (goal.name === this.refuses && goal.type.endsWith("AttachedService")) throw new Error("it doesn't start");
        // Answers are sent once no more requests arrive, so that a test notices a provider that waits for an answer before
        // its next request.
        await new Promise<void>((resolve) => {
            this.waiting.push(resolve);
            setImmediate(() => setImmediate(() => this.answer()));
        });
        const outputs: Properties = { path: `/image-${goal.name}`, serving: `/image-${goal.name}`, unitStates: {} };
        const machineId = this.machines[goal.name];
        if (machineId !== undefined) outputs.machineId = machineId;
        return { urn: `${STACK.replace(/::pulumi:.*/, "")}::${goal.type}::${goal.name}`, id: "1", outputs };
    }

    private answer() {
        for (const resolve of this.waiting.splice(0)) resolve();
    }

    registerOutputs(urn: string, outputs: Properties) {
        this.outputs.push([urn, outputs]);
    }

    log({ message, severity }: { message: string; severity: string }) {
        if (severity === "warning") this.warnings.push(message);
    }

    goal(type: string, name: string): Goal {
        return this.goals.find((goal) => goal.type === `portable:index:${type}` && goal.name === name) as Goal;
    }

    /** Names of the registered resources of a type, in the order of registration. */
    names(type: string): string[] {
        return this.goals.filter((goal) => goal.type === `portable:index:${type}`).map(({ name }) => name);
    }
}
