// What a worker's author needs beside this module.
@_exported import State
