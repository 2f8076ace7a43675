/**
 * What a host held at one moment: from a name (`file /etc/hosts`, `mount /tmp`, `unit ssh.service`) to how it was:
 * mode, owner, size and digest, target of a link, state.
 */
export type Snapshot = ReadonlyMap<string, string>;

/** Reads what snapshot.py prints: a JSON pair a line. What is there twice (a mount over a mount) is told in one entry. */
export function parseSnapshot(lines: string): Snapshot {
    const snapshot = new Map<string, string>();
    for (const line of lines.split("\n")) {
        if (line === "") continue;
        const [what, state] = JSON.parse(line) as [string, string];
        const before = snapshot.get(what);
        snapshot.set(what, before === undefined ? state : `${before}; ${state}`);
    }
    return snapshot;
}

/** A line for each difference, sorted by name: `+ new: ...`, `- gone: ...`, `~ changed: ... => ...`. None when equal. */
export function diffSnapshots(before: Snapshot, after: Snapshot): string[] {
    const names = [...new Set([...before.keys(), ...after.keys()])].sort();
    return names.flatMap((name) => {
        const [old, now] = [before.get(name), after.get(name)];
        if (old === now) return [];
        if (old === undefined) return [`+ ${name}: ${now}`];
        if (now === undefined) return [`- ${name}: ${old}`];
        return [`~ ${name}: ${old} => ${now}`];
    });
}
