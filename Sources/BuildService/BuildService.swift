// BuildService
