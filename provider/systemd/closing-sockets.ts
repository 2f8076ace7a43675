import { listensOf, parseUnit } from "./unit-file";

/**
 * The reason why a socket has to close when its unit changes in this way; undefined if it stays open during the update.
 */
export function whyClosing(before: string, now: string): string | undefined {
    if (socketSection(before) === socketSection(now)) return undefined;
    const [from, to] = [listens(before), listens(now)];
    return from === to ? "its [Socket] section changes" : `what it listens on changes: ${from} => ${to}`;
}

function socketSection(text: string): string {
    return parseUnit(text)
        .assignments.filter(({ section }) => section === "Socket")
        .map(({ key, value }) => `${key}=${value}`)
        .join("\n");
}

function listens(text: string): string {
    return listensOf(parseUnit(text))
        .map(({ key, value }) => `${key}=${value}`)
        .join(", ");
}
