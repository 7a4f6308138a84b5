// Keeps one instance of each class whose instances come and go in herds.
//
// V8 drops the shape (hidden class) of a class with its last instance, and with the shape what it has learned and
// compiled for it: a scheduler that was idle over a full collection would start again from interpreted code. A chain of
// 100,000 takes twice the time then.

const kept: object[] = []

/** Keep the shape of `instance`. */
export function keepShape(instance: object): void {
  kept.push(instance)
}
