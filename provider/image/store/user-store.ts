import { environment } from "../../environment";
import { limitsOf } from "./limits";
import { Store } from "./store";

const stores = new Map<string, Store>();

/**
 * The store in the directory that the environment names. There is one object for each directory, so that concurrent builds of a
 * process are shared.
 */
export function userStore(): Store {
    const directory = Store.directoryOf(environment());
    const store = stores.get(directory) ?? new Store(directory, limitsOf(environment()));
    stores.set(directory, store);
    return store;
}
