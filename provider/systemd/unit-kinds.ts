import { kindOf } from "./unit-names";

/** How a change of settings is applied to an active unit. */
export type Effect =
    /** The unit is restarted. */
    | "restart"
    /** The socket is restarted. Its services are stopped during that, as systemd doesn't open a socket of a running service. */
    | "sockets"
    /** A daemon-reload is enough, except for a timer that has elapsed for the last time, which is restarted. */
    | "timers"
    /** The unit is reloaded: a mount is remounted with its new options (systemd.mount(5)). */
    | "reload"
    /** A daemon-reload is enough. */
    | "none"
    /** The settings apply at the next start of the unit. A restart could interrupt everything that uses it. */
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
