import { Message, Map as ProtobufMap } from "google-protobuf";
import { ListValue, Struct, Value } from "google-protobuf/google/protobuf/struct_pb";

/** Converts a protobuf message to plain JSON: Structs to objects, and names of lists without the suffix "List". */
export function plainMessage(value: unknown): unknown {
    if (value instanceof Struct || value instanceof ListValue || value instanceof Value) return value.toJavaScript();
    if (value instanceof ProtobufMap) {
        return Object.fromEntries(value.toArray().map(([key, part]) => [key, plainMessage(part)]));
    }
    if (Array.isArray(value)) return value.map(plainMessage);
    if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
    if (!(value instanceof Message)) return value;
    const getters = Object.getOwnPropertyNames(Object.getPrototypeOf(value)).filter(
        (name) => /^get[A-Z]/.test(name) && !/_as(B64|U8)$/.test(name),
    );
    return Object.fromEntries(
        getters.map((name) => [
            name
                .slice(3)
                .replace(/^./, (first) => first.toLowerCase())
                .replace(/(List|Map)$/, ""),
            plainMessage((value as unknown as Record<string, () => unknown>)[name]?.()),
        ]),
    );
}
