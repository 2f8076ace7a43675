// A host on a busy machine may be late once: what fails is tried once more, and both are in the log. A second failure counts.
if (process.env.CI) jest.retryTimes(1, { logErrorsBeforeRetry: true });
