package openapi_test

// skillCalls are more calls for TestCompatible.
var skillCalls []wrapper
