exports.handler = 7;
