// What a front's author needs beside this module.
@_exported import State
