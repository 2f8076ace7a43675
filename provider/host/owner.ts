/** Who acts: a resource, by its token, and this creation of it, by its nonce. */
export interface Owner {
    /** Stable over all runs of one resource: 16 hex digits of its URN's SHA-256. */
    token: string;
    /** New with every Create: a Delete acts only while the record on the host still has it. */
    nonce: string;
    /** For people who read the record. */
    urn: string;
}
