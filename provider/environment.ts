/** The variables of this process. A linter's rule has the rest of the provider read them here. */
export function environment(): Readonly<NodeJS.ProcessEnv> {
    return process.env;
}

/** Variables of a program that works for the user, with the user's settings: those of this process, and these changes. */
export function childEnvironment(changes: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
    return { ...environment(), ...changes };
}

/** Variables of a program whose messages are read here, in English, and whose results nothing of the user's settings may change. */
export function plainEnvironment(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
    return { PATH: environment().PATH, LC_ALL: "C", TZ: "UTC", ...more };
}
