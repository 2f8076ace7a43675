import type { HostContext } from "../contract";
import { environment } from "../environment";
import type { UserError } from "../errors";
import type { Connection } from "../host/connection";
import type { Host } from "../host/host";
import { DELETE_UNREACHABLE, isUnreachable, isUnreachableGone, withWayOut } from "../host/unreachable";

/** The parts of a state that locate an object. */
interface Located {
    inputs: { connection?: Connection };
    outputs: { connection?: Connection; machineId?: string };
}

/** The host of an existing object. */
export interface ObjectHost {
    host: Host;
    /** Whether the address leads to another machine than the one that has the object; warns if it does. */
    isAnotherMachine(machineId: string): boolean;
    warnOfAnotherMachine(): void;
}

/**
 * Connects to the host of an object with the login that worked last, or else with the declared one. `what` names the object
 * in warnings. Throws a UserError if neither works.
 */
export async function hostOf(context: HostContext, { inputs, outputs }: Located, what: string): Promise<ObjectHost> {
    const host = await context.connectAny([outputs.connection, inputs.connection]);
    const warnOfAnotherMachine = () =>
        context.warn(`${host.name} is another machine now: ${what} was on ${outputs.machineId}.`);
    return {
        host,
        warnOfAnotherMachine,
        isAnotherMachine(machineId) {
            if (outputs.machineId === undefined || outputs.machineId === machineId) return false;
            warnOfAnotherMachine();
            return true;
        },
    };
}

/**
 * Removes an object from its host. If the host can't be reached, throws an error that names PORTABLE_DELETE_UNREACHABLE; if
 * the user has set that, the host counts as gone with everything on it.
 */
export async function removeFromHost(
    context: HostContext,
    olds: Located,
    what: string,
    remove: (object: ObjectHost) => Promise<void>,
): Promise<void> {
    try {
        await remove(await hostOf(context, olds, what));
    } catch (error) {
        if (!isUnreachable(error)) throw error;
        if (!isUnreachableGone(environment())) throw withWayOut(error);
        context.warn(
            `${(error as UserError).message} It is taken for gone, since ${DELETE_UNREACHABLE} is set: nothing was removed there.`,
        );
    }
}
