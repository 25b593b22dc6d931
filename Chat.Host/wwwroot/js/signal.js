/** A list of listeners for one thing that happens. */
export class Signal {
  #listeners = new Set();

  /** @returns {() => void} takes the listener off again */
  listen(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  fire(...values) {
    for (const listener of [...this.#listeners]) listener(...values);
  }
}
