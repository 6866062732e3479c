// libyaml, for the configuration file.
#pragma once
#include <yaml.h>
