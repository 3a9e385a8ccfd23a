#pragma once

#include "CLinuxFiles.h"
#include "CLinuxSockets.h"
