/**
 * The owner of files and services on a host: a resource, identified by its token, and one creation of it, by its nonce.
 */
export interface Owner {
    /** Stable over all runs of one resource: 16 hex digits of its URN's SHA-256. */
    token: string;
    /** Each Create makes a new nonce: a Delete acts only while the record on the host has the same one. */
    nonce: string;
    /** The URN of the resource, for people who read the record. */
    urn: string;
}
