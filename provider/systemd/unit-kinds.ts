import { kindOf } from "./unit-names";

/** The way in which an active unit takes a change of its settings. */
export type Effect =
    /** The unit restarts. */
    | "restart"
    /** The services that the socket starts are stopped while it restarts: systemd opens no socket whose service runs. */
    | "sockets"
    /** Reading the settings is enough, but for a timer that has elapsed for good: it restarts. */
    | "timers"
    /** The unit is reloaded: a mount is mounted again with its new options (systemd.mount(5)). */
    | "reload"
    /** Reading the settings is enough. */
    | "none"
    /** The unit takes the settings at its next start. Starting it again could interrupt all that uses it. */
    | "next start";

const EFFECTS: Readonly<Record<string, Effect>> = {
    service: "restart",
    socket: "sockets",
    timer: "timers",
    mount: "reload",
    automount: "next start",
    swap: "next start",
};

/** The action that a change of a unit of this kind needs; `none` for slices, scopes, targets, paths and devices. */
export function effectOf(unit: string): Effect {
    return EFFECTS[kindOf(unit)] ?? "none";
}
