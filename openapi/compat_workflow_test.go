package openapi_test

// workflowCalls are more calls for TestCompatible.
var workflowCalls []wrapper
